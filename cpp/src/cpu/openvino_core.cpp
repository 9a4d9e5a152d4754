#include "cpu/openvino_core.hpp"

#include <atomic>
#include <memory>

#include "cpu/openvino_handles.hpp"

namespace kilomark::cpu {

namespace {

using CoreHandle = std::unique_ptr<openvino::Core, openvino::Freed<&openvino::Api::core_free>>;

std::atomic<bool>& has_idle_threads() {
  static std::atomic<bool> found = false;
  return found;
}

}  // namespace

openvino::Core* openvino_core() {
  static openvino::Core* const core =
      openvino::make<CoreHandle>(openvino_api().core_create).release();
  return core;
}

void note_freed_network() noexcept { has_idle_threads() = true; }

// The plugin for CPUs ends the idle threads of all runtimes when a runtime that has loaded it is
// freed. This one is freed before any other, on the thread that made it, so that the thread gets
// back the stack for signal handlers which it had.
void drop_idle_threads() {
  if (!has_idle_threads().exchange(false)) {
    return;
  }
  const CoreHandle runtime = openvino::make<CoreHandle>(openvino_api().core_create);
  char* name = nullptr;  // asking for it loads the plugin
  check(openvino_api().core_get_property(runtime.get(), "CPU", "FULL_DEVICE_NAME", &name));
  openvino_api().free(name);
}

}  // namespace kilomark::cpu
