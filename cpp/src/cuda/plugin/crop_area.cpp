#include "cuda/plugin/crop_area.hpp"

#include <algorithm>
#include <cstdint>

namespace kilomark::cuda {

namespace {

struct Range {
  int first;
  int end;
};

// In one direction, from cells to pixels. square_begin() grows or shrinks steadily with u and with
// v, also as it is rounded, so that its extremes are at the corners of the crop.
Range pixels_read(const Axis& axis, const ResamplePlan& plan, int first_cell, int image_size) {
  const int u = plan.width - 1;
  const int v = plan.height - 1;
  const auto [lowest, highest] = std::minmax({square_begin(axis, 0, 0), square_begin(axis, u, 0),
                                              square_begin(axis, 0, v), square_begin(axis, u, v)});
  const auto to_pixel = [&](std::int64_t cell) {
    return static_cast<int>(
        std::clamp<std::int64_t>((first_cell + cell) * plan.block, 0, image_size));
  };
  return {to_pixel(static_cast<std::int64_t>(lowest)),
          to_pixel(static_cast<std::int64_t>(highest) + kMaxTaps)};
}

}  // namespace

PixelArea area_of(const ResamplePlan& plan, int image_width, int image_height) {
  const Range columns = pixels_read(plan.x, plan, plan.first_column, image_width);
  const Range rows = pixels_read(plan.y, plan, plan.first_row, image_height);
  return {columns.first, rows.first, columns.end, rows.end};
}

PixelArea area_around(const PixelArea& one, const PixelArea& other) {
  if (one.is_empty() || other.is_empty()) {
    return one.is_empty() ? other : one;
  }
  return {std::min(one.left, other.left), std::min(one.top, other.top),
          std::max(one.right, other.right), std::max(one.bottom, other.bottom)};
}

}  // namespace kilomark::cuda
