#include "cpu/openvino_core.hpp"

namespace kilomark::cpu {

ov::Core& openvino_core() {
  static auto* const core = new ov::Core();
  return *core;
}

}  // namespace kilomark::cpu
