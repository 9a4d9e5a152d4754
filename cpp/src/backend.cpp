#include "kilomark/backend.hpp"

#include <utility>

#include "cpu/cpu_backend.hpp"
#include "cpu/openvino_core.hpp"
#include "cuda/cuda_backend.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark {

std::unique_ptr<Backend> make_backend(std::span<const NetworkSpec> networks,
                                      const BackendOptions& options) {
  if (options.device == "cpu") {
    return std::make_unique<cpu::CpuBackend>(networks, options);
  }
  if (cuda::cuda_index(options.device) >= 0) {
    if (options.precision != Precision::kAuto) {
      fail(ErrorCode::kInvalidInput, text("a precision of its own on ", options.device),
           "the precision that engines were built with", "pass Precision::kAuto");
    }
    return std::make_unique<cuda::CudaBackend>(networks, options);
  }
  fail(ErrorCode::kDevice, text("device \"", options.device, "\""), "cpu, cuda or cuda:<number>",
       "pass device=\"cpu\"");
}

std::vector<std::string> available_devices() {
  std::vector<std::string> devices{"cpu"};
  for (std::string& device : cuda::cuda_devices()) {
    devices.push_back(std::move(device));
  }
  return devices;
}

bool has_native_bf16() { return cpu::has_native_bf16(); }

void prepare_fork() { cpu::settle_threads(); }

}  // namespace kilomark
