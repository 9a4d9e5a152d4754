#pragma once

#include <Python.h>

#include <chrono>
#include <thread>

namespace kilomark::bindings {

// Releases the GIL for as long as it lives.
//
// A daemon thread may ask for the GIL again when the interpreter is ending. Before 3.14 Python ends
// such a thread by unwinding its stack, which C++ takes for a fault of its own and aborts the
// process. Here the thread sleeps until the process has ended, as it does from Python 3.14 on.
class ReleasedGil {
 public:
  ReleasedGil() : thread_(PyEval_SaveThread()) {}
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;
  ~ReleasedGil() {
    try {
      PyEval_RestoreThread(thread_);
    } catch (...) {
      for (;;) {
        std::this_thread::sleep_for(std::chrono::hours(1));
      }
    }
  }

 private:
  PyThreadState* thread_;
};

}  // namespace kilomark::bindings
