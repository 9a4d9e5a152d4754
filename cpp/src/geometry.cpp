#include "kilomark/geometry.hpp"

#include <algorithm>
#include <limits>

namespace kilomark {

Box box_around(std::span<const Point> points) {
  constexpr float kFar = std::numeric_limits<float>::infinity();
  Box box{kFar, kFar, -kFar, -kFar};
  for (const Point& p : points) {
    box = {std::min(box.x0, p.x), std::min(box.y0, p.y), std::max(box.x1, p.x),
           std::max(box.y1, p.y)};
  }
  return box;
}

Point center_of(const Box& box) { return {0.5F * (box.x0 + box.x1), 0.5F * (box.y0 + box.y1)}; }

float longer_side(const Box& box) { return std::max(box.x1 - box.x0, box.y1 - box.y0); }

}  // namespace kilomark
