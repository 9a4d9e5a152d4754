#include "kilomark/build_info.hpp"

#include "kilomark/openvino.hpp"

namespace kilomark {

std::map<std::string, std::string> build_info() {
  return {{"version", KILOMARK_VERSION},
          {"compiler", __VERSION__},
          {"openvino", kOpenvinoRange},
          {"cuda", KILOMARK_CUDA_BUILT}};
}

}  // namespace kilomark
