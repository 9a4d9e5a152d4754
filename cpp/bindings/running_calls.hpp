#pragma once

#include <chrono>
#include <functional>

namespace kilomark::bindings {

// A call of Python into the core that releases the GIL. While the interpreter shuts down, no call
// may begin, and it waits for those that run: a thread that asks a dead interpreter for the GIL
// would be ended inside of C++.
//
// Make it with the GIL held, and let it go out of scope with the GIL held.
class RunningCall {
 public:
  // Throws Error{kInference} in the main thread if the interpreter is shutting down. Any other thread
  // then sleeps until the process ends.
  RunningCall();
  RunningCall(const RunningCall&) = delete;
  RunningCall& operator=(const RunningCall&) = delete;
  ~RunningCall();

  // For DetectOptions::between_batches: lets Python handle signals such as Ctrl-C, whose exception
  // it throws, and ends calls of an interpreter that shuts down: with Error{kInference} in the main
  // thread, with SystemExit in any other.
  [[nodiscard]] std::function<void()> between_batches() const;

 private:
  bool is_main_thread_;
};

}  // namespace kilomark::bindings
