#pragma once

#include <cstddef>
#include <span>

#include "kilomark/backend.hpp"
#include "kilomark/detector.hpp"
#include "kilomark/geometry.hpp"
#include "kilomark/image.hpp"

namespace kilomark {

// Each throws Error{kInvalidInput} and names what it found.
void check_options(const BackendOptions& options);
void check_options(const PredictOptions& options);

// A box must be finite, at least 1 px wide or high, neither turned inside out, and touch its image.
void check_boxes(std::span<const Box> boxes, const ImageView& image, std::size_t image_index);

}  // namespace kilomark
