#pragma once

#include "cpu/openvino_api.hpp"

namespace kilomark::cpu {

// The process's one OpenVINO runtime, made when first asked for. It is never freed: its plugin for
// CPUs gives the thread that loads it a stack for signal handlers. Of two runtimes that are freed
// in the order in which they were made, the second one puts the first one's stack back, which is
// gone by then, and the next signal, such as that of Ctrl-C, ends the process.
[[nodiscard]] openvino::Core* openvino_core();

// To be called when a compiled network has been freed: OpenVINO keeps its threads.
void note_freed_network() noexcept;

// Ends the threads that OpenVINO keeps of freed networks for the next one. To be called before a
// fork: the child would give work to them, though it does not have them, and wait for ever.
void drop_idle_threads();

}  // namespace kilomark::cpu
