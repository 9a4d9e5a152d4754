#pragma once

#include <string>

#include "cpu/openvino_api.hpp"

namespace kilomark::cpu {

// The process's one OpenVINO runtime, made when first asked for. It is never freed: its plugin for
// CPUs gives the thread that loads it a stack for signal handlers. Of two runtimes that are freed
// in the order in which they were made, the second one puts the first one's stack back, which is
// gone by then, and the next signal, such as that of Ctrl-C, ends the process.
[[nodiscard]] openvino::Core* openvino_core();

// See kilomark/backend.hpp.
[[nodiscard]] bool has_native_bf16();

// False in a process that was forked after the runtime was made: TBB, the library that OpenVINO takes
// its threads from, believes that it has the parent's and starts no others.
[[nodiscard]] bool can_start_workers();

// While it lives, the threads that OpenVINO starts are called "openvino", and so are those that they
// start later.
class NamedThreads {
 public:
  NamedThreads();
  NamedThreads(const NamedThreads&) = delete;
  NamedThreads& operator=(const NamedThreads&) = delete;
  ~NamedThreads();

 private:
  std::string own_name_;
};

// To be called when OpenVINO keeps threads for the networks to come: those of a freed network, and
// those that networks share.
void note_kept_threads() noexcept;

// To be called when a network is compiled or run: OpenVINO's threads are awake for some
// milliseconds more.
void note_work() noexcept;

// Makes OpenVINO forget the threads that it keeps for the networks to come, and waits until those of
// live networks sleep. To be called before a fork. The child would give work to the former, though
// it does not have them. A thread of the latter that was awake may have held a lock of TBB;
// nobody would give it back in the child.
void settle_threads();

}  // namespace kilomark::cpu
