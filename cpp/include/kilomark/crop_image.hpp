#pragma once

#include <span>

#include "kilomark/api.hpp"
#include "kilomark/geometry.hpp"
#include "kilomark/image.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

// One crop of an image as the detector makes it for a network, into `output`, (3, height, width):
// for tests, tools, and training that must see what the runtime sees. See Crop::around() for the
// square and resample.hpp for the pixels. Throws Error{kInvalidInput} if the image, the square or
// the size of `output` cannot be worked on, and Error{kBundle} if `input` makes no sense.
KILOMARK_API void crop_image(const ImageView& image, Point center, double side, double angle_deg,
                             const NetworkInput& input, std::span<float> output);

}  // namespace kilomark
