#include "cpu/openvino_core.hpp"

#include <memory>
#include <string>

// OpenVINO exports this function, but its wheel lacks the header. The order of the virtual functions
// is that of the version that kilomark is built with and pins; the ones that are not called have no
// arguments here.
namespace ov::threading {

class ExecutorManager {
 public:
  virtual void get_executor() = 0;
  virtual void get_idle_cpu_streams_executor() = 0;
  virtual void set_property() = 0;
  virtual void get_property() = 0;
  virtual std::size_t get_executors_number() const = 0;
  virtual std::size_t get_idle_cpu_streams_executors_number() const = 0;
  virtual void clear(const std::string& id) = 0;

 protected:
  ~ExecutorManager() = default;
};

std::shared_ptr<ExecutorManager> executor_manager();

}  // namespace ov::threading

namespace kilomark::cpu {

ov::Core& openvino_core() {
  static auto* const core = new ov::Core();
  return *core;
}

void drop_idle_threads() { ov::threading::executor_manager()->clear({}); }

}  // namespace kilomark::cpu
