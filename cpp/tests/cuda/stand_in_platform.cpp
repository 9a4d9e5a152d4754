// Makes of the plugin's own code, CUDA and the stand-in for TensorRT a plugin that tests load on a
// machine with a GPU, whether it has TensorRT or not.

#include "cuda/plugin/cuda_driver.hpp"
#include "cuda/plugin/platform.hpp"
#include "stand_in_tensorrt.hpp"

namespace kilomark::cuda {

Driver& platform_driver() { return cuda_driver(); }

int platform_tensorrt_major() { return 10; }

// A version that there is not, to key engines with.
NvinferLibrary find_platform_tensorrt(std::span<const char* const> /*folders*/) {
  return {&cuda_driver(), "kernels of the tests in the place of TensorRT", "", {10, 0, 0, 0}};
}

std::unique_ptr<TensorRt> make_platform_tensorrt(const NvinferLibrary& /*library*/) {
  return std::make_unique<StandInTensorRt>(cuda_driver());
}

}  // namespace kilomark::cuda
