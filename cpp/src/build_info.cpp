#include "kilomark/build_info.hpp"

#include "cpu/cpu_backend.hpp"

namespace kilomark {

std::map<std::string, std::string> build_info() {
  return {{"version", KILOMARK_VERSION},
          {"compiler", __VERSION__},
          {"openvino_build", KILOMARK_OPENVINO_VERSION},
          {"openvino_run", cpu::openvino_version()},
          {"cuda", KILOMARK_CUDA_BUILT}};
}

}  // namespace kilomark
