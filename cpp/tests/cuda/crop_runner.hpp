#pragma once

// Where the tests of the crop kernel run it: thread by thread on the CPU, or on a GPU. A test
// program is linked with one implementation.

#include <span>
#include <string>
#include <vector>

#include "cuda/plugin/crop_kernel.hpp"

namespace kilomark::cuda {

// Why crops cannot be run here, or "".
[[nodiscard]] std::string why_no_crops();

// Runs one launch on items whose frames are in memory of the host; gives the tensor's bytes.
[[nodiscard]] std::vector<std::byte> run_crops(std::span<const CropItem> items, TensorType type,
                                               int width, int height);

}  // namespace kilomark::cuda
