#pragma once

#include <array>
#include <span>
#include <vector>

#include "kilomark/crop.hpp"
#include "kilomark/detector.hpp"
#include "kilomark/geometry.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

struct FoundFace {
  Box box;  // image pixels
  float score = 0.0F;
  std::array<Point, kNumKeypoints> keypoints{};  // image pixels
};

// The finder's output for one image, M cells.
struct FinderOutput {
  std::span<const float> scores;     // (M,)
  std::span<const float> distances;  // (M, 4)
  std::span<const float> keypoints;  // (M, 5, 2)
};

// The grid of cells that the finder's output refers to.
struct FinderGrid {
  int width = 0;
  int height = 0;
  std::vector<int> strides;
};

// What cells above the score threshold found in one view of an image, in image pixels. Boxes that
// are not finite, have no area or lie outside the image are no faces, and what a view cuts off, but
// not the image, is left to another view.
[[nodiscard]] std::vector<FoundFace> decode_cells(const FinderOutput& output,
                                                  const FinderGrid& grid, const Crop& view,
                                                  const ImageView& image, float score_threshold);

// The faces of an image, best first, from all that the cells of its views found. Of boxes that
// overlap by more than nms_iou one face is made: their mean, weighted by score, with the best one's
// score. A smaller box inside a better one is a part of that face, and left out.
[[nodiscard]] std::vector<FoundFace> merge_cells(std::vector<FoundFace> found,
                                                 const PredictOptions& options);

// Overlap of two boxes: intersection over union, 0..1.
[[nodiscard]] float intersection_over_union(const Box& a, const Box& b);

// How far the line from right eye to left eye is turned clockwise; 0 if the eyes are not finite.
[[nodiscard]] double eye_angle_deg(const std::array<Point, kNumKeypoints>& keypoints);

}  // namespace kilomark
