#include "cpu/openvino_core.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "cpu/openvino_handles.hpp"
#include "system/process.hpp"

namespace kilomark::cpu {

namespace {

using CoreHandle = std::unique_ptr<openvino::Core, openvino::Freed<&openvino::Api::core_free>>;

constexpr const char* kThreadName = "openvino";

// OpenVINO's threads look for work during about a millisecond before they sleep, and give way to
// others meanwhile. On a busy machine that takes hundreds of milliseconds.
constexpr auto kLongestUnrest = std::chrono::seconds(5);

struct Runtime {
  openvino::Core* core;
  std::int64_t process;  // that made it
};

Runtime make_runtime() {
  const NamedThreads named;
  return {openvino::make<CoreHandle>(openvino_api().core_create).release(), system::process_id()};
}

const Runtime& own_runtime() {
  static const Runtime made = make_runtime();
  return made;
}

std::atomic<bool>& has_idle_threads() {
  static std::atomic<bool> found = false;
  return found;
}

std::atomic<bool>& has_worked() {
  static std::atomic<bool> found = false;
  return found;
}

// A property of the plugin for CPUs. Asking for one loads the plugin.
std::string cpu_property(const openvino::Core* core, const char* key) {
  char* value = nullptr;
  check(openvino_api().core_get_property(core, "CPU", key, &value));
  std::string copy = value;
  openvino_api().free(value);
  return copy;
}

// The plugin for CPUs ends the idle threads of all runtimes when a runtime that has loaded it is
// freed. This one is freed before any other, on the thread that made it, so that the thread gets
// back the stack for signal handlers which it had.
void drop_idle_threads() {
  const CoreHandle runtime = openvino::make<CoreHandle>(openvino_api().core_create);
  (void)cpu_property(runtime.get(), "FULL_DEVICE_NAME");
}

}  // namespace

openvino::Core* openvino_core() { return own_runtime().core; }

// OpenVINO's own choice. Its list of capabilities names bfloat16 also for processors that convert it
// and multiply in float32.
bool has_native_bf16() {
  static const bool kIsChosen = cpu_property(openvino_core(), "INFERENCE_PRECISION_HINT") == "bf16";
  return kIsChosen;
}

bool can_start_workers() { return own_runtime().process == system::process_id(); }

NamedThreads::NamedThreads() : own_name_(system::thread_name()) {
  system::set_thread_name(kThreadName);
}

NamedThreads::~NamedThreads() { system::set_thread_name(own_name_); }

void note_kept_threads() noexcept { has_idle_threads() = true; }

void note_work() noexcept { has_worked() = true; }

void settle_threads() {
  if (has_idle_threads().exchange(false)) {
    drop_idle_threads();
  }
  if (has_worked().exchange(false)) {
    system::wait_until_threads_sleep(kThreadName, kLongestUnrest);
  }
}

}  // namespace kilomark::cpu
