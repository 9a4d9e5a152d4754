#pragma once

#include "kilomark/crop.hpp"
#include "kilomark/image.hpp"
#include "kilomark/network.hpp"
#include "kilomark/resample.hpp"

namespace kilomark {

// Turns a crop into the numbers of the per-pixel work, the same for every backend.
[[nodiscard]] ResamplePlan make_resample_plan(const Crop& crop, PixelFormat format,
                                              const NetworkInput& input);

}  // namespace kilomark
