#pragma once

#include <array>
#include <span>
#include <vector>

#include "kilomark/crop.hpp"
#include "kilomark/geometry.hpp"
#include "kilomark/image.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

struct FoundFace {
  Box box;  // image pixels
  float score = 0.0F;
  std::array<Point, kNumKeypoints> keypoints{};  // image pixels
};

// The face detector's ("finder") output for one image, M cells.
struct FinderOutput {
  std::span<const float> scores;     // (M,)
  std::span<const float> distances;  // (M, 4)
  std::span<const float> keypoints;  // (M, 5, 2)
};

// The grid of cells that the finder's output refers to.
struct FinderGrid {
  int width = 0;
  int height = 0;
  std::span<const int> strides;
};

// The faces that cells above the score threshold found in one view of an image, in image pixels.
// Boxes that are not finite, have no area or lie outside the image are dropped. So are boxes that
// the view cuts off but the image does not: another view shows them whole.
[[nodiscard]] std::vector<FoundFace> decode_cells(const FinderOutput& output,
                                                  const FinderGrid& grid, const Crop& view,
                                                  const ImageView& image, float score_threshold);

// How far a face is turned, clockwise in the image, -180 to 180 degrees: the least-squares rotation
// of the mean upright face onto its keypoints. Unlike the line through the eyes, it holds in
// profile, where the eyes coincide. 0 if the keypoints give none.
[[nodiscard]] double keypoint_angle_deg(const std::array<Point, kNumKeypoints>& keypoints);

}  // namespace kilomark
