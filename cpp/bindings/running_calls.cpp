#include "running_calls.hpp"

#include <pybind11/pybind11.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bindings.hpp"
#include "kilomark/backend.hpp"
#include "kilomark/error.hpp"

namespace kilomark::bindings {

namespace py = pybind11;

namespace {

// How often signals are looked for at most, and how long the interpreter waits for a batch.
constexpr auto kSignalInterval = std::chrono::milliseconds(20);
constexpr auto kLongestWait = std::chrono::seconds(30);

struct Calls {
  std::mutex mutex;
  std::condition_variable ended;
  int running = 0;
  bool is_closing = false;
};

// Never freed: threads may use it until the process ends.
Calls& calls() {
  static auto* const calls = new Calls();
  return *calls;
}

bool is_closing() {
  const std::scoped_lock lock(calls().mutex);
  return calls().is_closing;
}

void check_open() {
  if (is_closing()) {
    fail(ErrorCode::kInference, "a call while Python shuts down", "a running interpreter",
         "join threads that use detectors before the program ends");
  }
}

void handle_signals() {
  const py::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) {
    throw py::error_already_set();
  }
}

bool is_main_thread() {
  const py::object main = py::module_::import("threading").attr("main_thread")();
  return main.attr("ident").cast<unsigned long>() == PyThread_get_thread_ident();
}

// A daemon thread that calls while Python shuts down sleeps until the process ends, as Python's own
// daemon threads do. An error would only be printed over the end of the program.
[[noreturn]] void sleep_until_the_end() {
  const py::gil_scoped_release release;
  while (true) {
    std::this_thread::sleep_for(std::chrono::hours(1));
  }
}

// At the end of the interpreter.
void finish_calls() {
  const py::gil_scoped_release release;
  std::unique_lock lock(calls().mutex);
  calls().is_closing = true;
  calls().ended.wait_for(lock, kLongestWait, [] { return calls().running == 0; });
}

// In the child of a fork, whose one thread makes no call. The lock may have been held by another.
void forget_calls() {
  new (&calls().mutex) std::mutex();
  new (&calls().ended) std::condition_variable();
  calls().running = 0;
}

}  // namespace

RunningCall::RunningCall() : is_main_thread_(is_main_thread()) {
  if (is_closing() && !is_main_thread_) {
    sleep_until_the_end();
  }
  check_open();
  const std::scoped_lock lock(calls().mutex);
  ++calls().running;
}

RunningCall::~RunningCall() {
  {
    const std::scoped_lock lock(calls().mutex);
    --calls().running;
  }
  calls().ended.notify_all();
}

std::function<void()> RunningCall::between_batches() const {
  return [is_main = is_main_thread_, next = std::chrono::steady_clock::now()]() mutable {
    check_open();
    const auto now = std::chrono::steady_clock::now();
    if (is_main && now >= next) {
      handle_signals();
      next = now + kSignalInterval;
    }
  };
}

void bind_running_calls(py::module_& /*module*/) {
  py::module_::import("atexit").attr("register")(py::cpp_function(&finish_calls));
  const py::module_ os = py::module_::import("os");
  if (!py::hasattr(os, "register_at_fork")) {  // Windows does not fork
    return;
  }
  os.attr("register_at_fork")(py::arg("before") = py::cpp_function(&prepare_fork),
                              py::arg("after_in_child") = py::cpp_function(&forget_calls));
}

}  // namespace kilomark::bindings
