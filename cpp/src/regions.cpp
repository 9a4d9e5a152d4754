#include "kilomark/regions.hpp"

#include <limits>

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

Regions take_rows(const Regions& regions, std::span<const std::size_t> rows) {
  const auto take = [&](const auto& values) { return take_rows_of(values, regions.size(), rows); };
  return {take(regions.boxes), take(regions.angles_deg), take(regions.scores),
          take(regions.keypoints)};
}

Detections take_rows(const Detections& found, std::span<const std::size_t> rows) {
  const auto take = [&](const auto& values) { return take_rows_of(values, found.size(), rows); };
  return {take(found.boxes),     take(found.angles_deg), take(found.scores),
          take(found.keypoints), take(found.landmarks),  take(found.spread),
          take(found.presence),  take(found.depth),      take(found.landmark_boxes)};
}

}  // namespace kilomark
