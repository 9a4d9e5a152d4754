#pragma once

#include <openvino/openvino.hpp>

namespace kilomark::cpu {

// The process's one OpenVINO runtime, made when first asked for. It is never freed: its plugin for
// CPUs gives the thread that loads it a stack for signal handlers. Of two runtimes that are freed
// in the order in which they were made, the second one puts the first one's stack back, which is
// gone by then, and the next signal, such as that of Ctrl-C, ends the process.
[[nodiscard]] ov::Core& openvino_core();

}  // namespace kilomark::cpu
