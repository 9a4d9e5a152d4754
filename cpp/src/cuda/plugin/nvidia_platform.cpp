#include "cuda/plugin/cuda_driver.hpp"
#include "cuda/plugin/nvinfer.hpp"
#include "cuda/plugin/platform.hpp"

namespace kilomark::cuda {

Driver& platform_driver() { return cuda_driver(); }

int platform_tensorrt_major() { return nvinfer_major(); }

NvinferLibrary find_platform_tensorrt(std::span<const char* const> folders) {
  return load_nvinfer(nvinfer_major(), folders);
}

std::unique_ptr<TensorRt> make_platform_tensorrt(const NvinferLibrary& library) {
  return make_nvinfer(library);
}

}  // namespace kilomark::cuda
