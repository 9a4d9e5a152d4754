#pragma once

#include <memory>

#include "cuda/plugin/driver.hpp"
#include "cuda/plugin/nvinfer_library.hpp"
#include "cuda/plugin/tensorrt.hpp"

namespace kilomark::cuda {

// What the plugin stands on: CUDA and TensorRT, or a test's own. The plugin is linked with exactly
// one implementation of these functions.

[[nodiscard]] Driver& platform_driver();
[[nodiscard]] int platform_tensorrt_major();

// As load_nvinfer() and make_nvinfer().
[[nodiscard]] NvinferLibrary find_platform_tensorrt(std::span<const char* const> folders);
[[nodiscard]] std::unique_ptr<TensorRt> make_platform_tensorrt(const NvinferLibrary& library);

}  // namespace kilomark::cuda
