#include "running_calls.hpp"

#include <pybind11/pybind11.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bindings.hpp"
#include "kilomark/backend.hpp"
#include "kilomark/error.hpp"
#include "released_gil.hpp"

namespace kilomark::bindings {

namespace py = pybind11;

namespace {

// How often signals are looked for at most, and how long the interpreter waits for a batch.
constexpr auto kSignalInterval = std::chrono::milliseconds(20);
constexpr auto kLongestWait = std::chrono::seconds(30);

// How long a fork waits for a batch, or for a network that is being loaded.
constexpr auto kLongestForkWait = std::chrono::seconds(5);

struct Calls {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
  int forking = 0;  // threads that are about to fork
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

[[noreturn]] void fail_closing() {
  fail(ErrorCode::kInference, "a call while Python shuts down", "a running interpreter",
       "join threads that use detectors before the program ends");
}

// False while a thread is about to fork.
bool try_to_begin_call() {
  const std::scoped_lock lock(calls().mutex);
  if (calls().forking > 0) {
    return false;
  }
  ++calls().running;
  return true;
}

void begin_call() {
  std::unique_lock lock(calls().mutex);
  calls().changed.wait(lock, [] { return calls().forking == 0; });
  ++calls().running;
}

void end_call() {
  {
    const std::scoped_lock lock(calls().mutex);
    --calls().running;
  }
  calls().changed.notify_all();
}

// While it lives, the call that made it does not count as running. Needs no GIL.
class Pause {
 public:
  Pause() { end_call(); }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
  ~Pause() { begin_call(); }
};

// A handler may fork, which waits for calls that run.
void handle_signals() {
  const Pause pause;
  const py::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) {
    throw py::error_already_set();
  }
}

bool is_forking() {
  const std::scoped_lock lock(calls().mutex);
  return calls().forking > 0;
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

// Ends a daemon thread that is inside a call while Python shuts down. Python prints nothing for
// SystemExit. The traceback of another error would still be printed while the interpreter ends, and
// Python aborts the process if it then finds the standard error locked.
[[noreturn]] void end_thread() {
  const py::gil_scoped_acquire acquire;
  PyErr_SetNone(PyExc_SystemExit);
  throw py::error_already_set();
}

// At the end of the interpreter.
void finish_calls() {
  const py::gil_scoped_release release;
  std::unique_lock lock(calls().mutex);
  calls().is_closing = true;
  calls().changed.wait_for(lock, kLongestWait, [] { return calls().running == 0; });
}

// Before a fork. The child has none of the threads that hold locks of the libraries below, so calls
// stop between two batches. Then the GIL keeps the threads of Python where they are.
void stop_calls() {
  {
    const py::gil_scoped_release release;
    std::unique_lock lock(calls().mutex);
    ++calls().forking;
    calls().changed.wait_for(lock, kLongestForkWait, [] { return calls().running == 0; });
  }
  prepare_fork();
}

void let_calls_go_on() {
  {
    const std::scoped_lock lock(calls().mutex);
    --calls().forking;
  }
  calls().changed.notify_all();
}

// In the child of a fork, whose one thread makes no call. The lock may have been held by another.
void forget_calls() { new (&calls()) Calls(); }

}  // namespace

RunningCall::RunningCall() : is_main_thread_(is_main_thread()) {
  if (!try_to_begin_call()) {
    const ReleasedGil release;
    begin_call();
  }
  if (!is_closing()) {
    return;
  }
  end_call();
  if (!is_main_thread_) {
    sleep_until_the_end();
  }
  fail_closing();
}

RunningCall::~RunningCall() { end_call(); }

std::function<void()> RunningCall::between_batches() const {
  return [is_main = is_main_thread_, next = std::chrono::steady_clock::now()]() mutable {
    if (is_closing()) {
      is_main ? fail_closing() : end_thread();
    }
    if (is_forking()) {
      const Pause pause;
    }
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
  os.attr("register_at_fork")(py::arg("before") = py::cpp_function(&stop_calls),
                              py::arg("after_in_parent") = py::cpp_function(&let_calls_go_on),
                              py::arg("after_in_child") = py::cpp_function(&forget_calls));
}

}  // namespace kilomark::bindings
