#pragma once

#include <span>
#include <vector>

#include "landmark_placing.hpp"

namespace kilomark {

// One eye of a face, which its network is to see in a crop of its own.
struct EyePlace {
  std::size_t image = 0;
  std::size_t row = 0;
  bool is_left = false;
  float gate = 0.0F;  // of the EyeRule, above 0
  Crop crop;
};

// The eyes of all faces, by their landmarks. Left out are those whose gate is 0, whose middle lies
// outside the image, or whose width is below a pixel.
[[nodiscard]] std::vector<EyePlace> eye_places(std::span<const Detections> images,
                                               std::span<const ImageView> views,
                                               const EyeNetwork& eyes);

// Runs the eye network on these, and averages its landmarks with the face's. The EyeRule
// has the weights. Spread, depth and presence stay: a tracker takes the spread for a
// measure of noise, and the noise does not fall as the error does. Throws Error{kInference} if an
// output is not finite or far outside of its crop.
void place_eyes(const LoadedNetwork& loaded, const EyeNetwork& eyes, const Frames& frames,
                std::vector<Detections>& images, PlacingTimes& times);

}  // namespace kilomark
