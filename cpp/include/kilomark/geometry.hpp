#pragma once

#include <span>

namespace kilomark {

// All coordinates are in pixels. Pixel i covers [i, i + 1) and its center is i + 0.5; see crop.hpp.
// A position, or a vector.
struct Point {
  float x = 0.0F;
  float y = 0.0F;
};

// From the top-left corner (x0, y0) to the bottom-right one (x1, y1).
struct Box {
  float x0 = 0.0F;
  float y0 = 0.0F;
  float x1 = 0.0F;
  float y1 = 0.0F;
};

// The smallest box around the points.
[[nodiscard]] Box box_around(std::span<const Point> points);

[[nodiscard]] Point center_of(const Box& box);

[[nodiscard]] float longer_side(const Box& box);

}  // namespace kilomark
