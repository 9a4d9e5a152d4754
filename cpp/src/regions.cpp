#include "kilomark/regions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "kilomark/network.hpp"

namespace kilomark {

namespace {

// The given rows of an array, (rows, width).
template <class Element>
std::vector<Element> take_rows_of(const std::vector<Element>& values, std::size_t num_rows,
                                  std::span<const std::size_t> rows) {
  const std::size_t width = num_rows == 0 ? 0 : values.size() / num_rows;
  std::vector<Element> taken;
  taken.reserve(width * rows.size());
  for (const std::size_t row : rows) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(row * width);
    taken.insert(taken.end(), first, first + static_cast<std::ptrdiff_t>(width));
  }
  return taken;
}

}  // namespace

Regions upright_regions(std::span<const Box> boxes) {
  constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
  const std::size_t count = boxes.size();
  return {{boxes.begin(), boxes.end()},
          std::vector<float>(count, 0.0F),
          std::vector<float>(count, 1.0F),
          std::vector<Point>(kNumKeypoints * count, {kUnknown, kUnknown})};
}

Box box_in_image(const Box& box, float angle_deg) {
  if (angle_deg == 0.0F) {
    return box;
  }
  const double angle = angle_deg * std::numbers::pi / 180.0;
  const double a = 0.5 * (box.x1 - box.x0);
  const double b = 0.5 * (box.y1 - box.y0);
  const auto half_width = static_cast<float>(std::hypot(a * std::cos(angle), b * std::sin(angle)));
  const auto half_height = static_cast<float>(std::hypot(a * std::sin(angle), b * std::cos(angle)));
  const Point center = center_of(box);
  return {center.x - half_width, center.y - half_height, center.x + half_width,
          center.y + half_height};
}

Regions take_rows(const Regions& regions, std::span<const std::size_t> rows) {
  const auto take = [&](const auto& values) { return take_rows_of(values, regions.size(), rows); };
  return {take(regions.boxes), take(regions.angles_deg), take(regions.scores),
          take(regions.keypoints)};
}

void copy_row(const Detections& source, std::size_t from, Detections& target, std::size_t to) {
  const auto copy = [&](const auto& values, auto& others) {
    const std::size_t width = values.size() / source.size();
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(from * width), width,
                others.begin() + static_cast<std::ptrdiff_t>(to * width));
  };
  copy(source.boxes, target.boxes);
  copy(source.angles_deg, target.angles_deg);
  copy(source.scores, target.scores);
  copy(source.keypoints, target.keypoints);
  copy(source.landmarks, target.landmarks);
  copy(source.spread, target.spread);
  copy(source.presence, target.presence);
  copy(source.depth, target.depth);
  copy(source.landmark_boxes, target.landmark_boxes);
}

Detections take_rows(const Detections& found, std::span<const std::size_t> rows) {
  const auto take = [&](const auto& values) { return take_rows_of(values, found.size(), rows); };
  return {take(found.boxes),     take(found.angles_deg), take(found.scores),
          take(found.keypoints), take(found.landmarks),  take(found.spread),
          take(found.presence),  take(found.depth),      take(found.landmark_boxes)};
}

}  // namespace kilomark
