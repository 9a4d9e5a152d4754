#pragma once

#include <cuda_runtime_api.h>

#include "cuda/plugin/crop_kernel.hpp"

namespace kilomark::cuda {

// Launches the crop kernel on the current device; its own error, or an earlier one.
[[nodiscard]] cudaError_t launch_crops(const CropLaunch& launch, cudaStream_t stream);

}  // namespace kilomark::cuda
