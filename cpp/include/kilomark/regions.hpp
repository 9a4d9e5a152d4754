#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kilomark/api.hpp"
#include "kilomark/geometry.hpp"

namespace kilomark {

// Where faces are: the R regions of one image, best first. All coordinates are image pixels.
struct Regions {
  // (R,) the box of the face's landmarks as it is when the face is turned upright around the box's
  // center
  std::vector<Box> boxes;
  // (R,) how far the face is turned, clockwise in the image. 0: upright, the line from right eye to
  // left eye points to +x.
  std::vector<float> angles_deg;
  std::vector<float> scores;     // (R,)
  std::vector<Point> keypoints;  // (R, 5), see kNumKeypoints; NaN if a caller gave the region

  [[nodiscard]] std::size_t size() const { return boxes.size(); }
};

// The F faces of one image, each array row-major with F as its first dimension. All coordinates are
// image pixels.
struct Detections {
  std::vector<Box> boxes;           // (F,) box_in_image() of the region
  std::vector<float> angles_deg;    // (F,) of the region
  std::vector<float> scores;        // (F,) of the region
  std::vector<Point> keypoints;     // (F, 5) of the region
  std::vector<Point> landmarks;     // (F, K)
  std::vector<float> spread;        // (F, K)
  std::vector<float> presence;      // (F,)
  std::vector<float> depth;         // (F, K), away from the camera; empty if not predicted
  std::vector<Box> landmark_boxes;  // (F,) around the landmarks

  [[nodiscard]] std::size_t size() const { return boxes.size(); }
};

// Upright regions of score 1, as for faces that a caller found: the boxes around their landmarks,
// brows to chin and ear to ear. Pass them to Detector::place().
[[nodiscard]] KILOMARK_API Regions upright_regions(std::span<const Box> boxes);

// The axis-aligned box of a region in the image: around the ellipse that fills the region's box,
// once it is turned. An upright region's box is unchanged, a lying one's sides are exchanged.
[[nodiscard]] KILOMARK_API Box box_in_image(const Box& box, float angle_deg);

// The given rows, in the given order.
[[nodiscard]] KILOMARK_API Regions take_rows(const Regions& regions,
                                             std::span<const std::size_t> rows);

// Overwrites row `to` of an image's faces by row `from` of others of the same network.
KILOMARK_API void copy_row(const Detections& source, std::size_t from, Detections& target,
                           std::size_t to);
[[nodiscard]] KILOMARK_API Detections take_rows(const Detections& detections,
                                                std::span<const std::size_t> rows);

}  // namespace kilomark
