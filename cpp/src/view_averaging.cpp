#include "view_averaging.hpp"

#include <vector>

#include "kilomark/geometry.hpp"

namespace kilomark {

namespace {

float mean_of(float one, float other) { return 0.5F * (one + other); }

Point mean_of(const Point& one, const Point& other) {
  return {mean_of(one.x, other.x), mean_of(one.y, other.y)};
}

// Averages the row with the mirrored one, landmark by landmark; both may be empty.
template <class Element>
void average_row(std::vector<Element>& values, std::size_t row,
                 const std::vector<Element>& mirrored, std::span<const int> mirror) {
  for (std::size_t k = 0; k < mirrored.size(); ++k) {
    Element& value = values[row * mirrored.size() + k];
    value = mean_of(value, mirrored[static_cast<std::size_t>(mirror[k])]);
  }
}

}  // namespace

void average_with_mirror(Detections& faces, std::size_t row, const Detections& mirrored,
                         std::span<const int> mirror) {
  average_row(faces.landmarks, row, mirrored.landmarks, mirror);
  average_row(faces.spread, row, mirrored.spread, mirror);
  average_row(faces.depth, row, mirrored.depth, mirror);
  faces.presence[row] = mean_of(faces.presence[row], mirrored.presence.front());
  const std::size_t count = mirror.size();
  faces.landmark_boxes[row] = box_around(std::span(faces.landmarks).subspan(row * count, count));
}

}  // namespace kilomark
