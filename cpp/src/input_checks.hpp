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
void check_options(const DetectOptions& options);
// `rescorer` and `companion` may be null.
void check_options(const PlaceOptions& options, const LandmarkNetwork& network,
                   const LandmarkNetwork* rescorer, const LandmarkNetwork* companion);

// One item of regions per image; every array of as many rows as there are boxes. A box must be
// finite, at least 1 px wide or high, not inside out, at most kMaxBoxToImage times as long as its
// image, and touch it. `row_bytes` is what one region takes in the result.
void check_regions(std::span<const Regions> regions, std::span<const ImageView> images,
                   std::size_t row_bytes);

}  // namespace kilomark
