#pragma once

#include <memory>

#include "cuda/plugin/nvinfer_library.hpp"
#include "cuda/plugin/tensorrt.hpp"

namespace kilomark::cuda {

// The major version of the TensorRT whose headers this was compiled with.
[[nodiscard]] int nvinfer_major();

// TensorRT's runtime. Only for a library that loaded, and where the driver found a device: without
// one, TensorRT returns objects that crash. Throws Error{kInference}.
[[nodiscard]] std::unique_ptr<TensorRt> make_nvinfer(const NvinferLibrary& library);

}  // namespace kilomark::cuda
