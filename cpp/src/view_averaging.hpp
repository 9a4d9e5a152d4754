#pragma once

#include <cstddef>
#include <span>

#include "kilomark/regions.hpp"

namespace kilomark {

// Makes row `row` of `faces` the mean of itself and of the same face placed in the mirrored crop.
// `mirrored` has one row, in image pixels: its landmark mirror[k] is the face's landmark k.
void average_with_mirror(Detections& faces, std::size_t row, const Detections& mirrored,
                         std::span<const int> mirror);

}  // namespace kilomark
