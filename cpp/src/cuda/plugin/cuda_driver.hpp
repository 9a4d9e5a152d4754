#pragma once

#include "cuda/plugin/driver.hpp"

namespace kilomark::cuda {

// The CUDA runtime that this library is linked with.
[[nodiscard]] Driver& cuda_driver();

}  // namespace kilomark::cuda
