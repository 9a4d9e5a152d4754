#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kilomark/geometry.hpp"

namespace kilomark::painting {

// How much of each pixel a stroke covers, 0 to 255, in a part of the picture.
class Coverage {
 public:
  // The pixels x0 .. x1 - 1, y0 .. y1 - 1 of the picture.
  Coverage(int x0, int y0, int x1, int y1);

  // A line with round ends; where a == b, a disc.
  void add_line(Point a, Point b, float width_px);

  // The area within the closed line, by the even-odd rule.
  void add_area(std::span<const Point> ring);

  [[nodiscard]] int x0() const { return x0_; }
  [[nodiscard]] int y0() const { return y0_; }
  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] std::span<const std::uint8_t> row(int y) const;

 private:
  void add_row(int y, Point a, Point b, float width_px);

  int x0_;
  int y0_;
  int width_;
  int height_;
  std::vector<std::uint8_t> values_;
};

}  // namespace kilomark::painting
