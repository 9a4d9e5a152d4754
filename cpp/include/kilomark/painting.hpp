#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kilomark/api.hpp"
#include "kilomark/geometry.hpp"

namespace kilomark {

// Pixels to draw on: uint8, `channels` (1 to 4) side by side, rows `row_stride_bytes` apart.
struct PixelBuffer {
  std::uint8_t* pixels = nullptr;
  int width = 0;
  int height = 0;
  int channels = 3;
  std::ptrdiff_t row_stride_bytes = 0;
};

enum class StrokeKind {
  kCurve,  // a line through the points, with round ends
  kRing,   // the same, closed
  kDots,   // a disc at each point
  kFill,   // the area within the closed line, by the even-odd rule; `width_px` does not count
};

struct Stroke {
  std::span<const Point> points;
  StrokeKind kind = StrokeKind::kCurve;
  float width_px = 1.0F;                // of lines and discs
  std::array<std::uint8_t, 4> color{};  // in the order of the buffer's channels
  float opacity = 1.0F;
};

// Draws a stroke, anti-aliased: each pixel is mixed with the color by the share of it that the
// stroke covers, times the opacity. Where a stroke meets itself it is mixed once. Parts outside the
// buffer are left out. A stroke with a point that is not finite is not drawn.
//
// Lines and discs: coverage = clamp(width / 2 + 0.5 - distance of the pixel's center, 0, 1).
// Areas: exact along x, in 4 steps along y.
KILOMARK_API void paint(const PixelBuffer& buffer, const Stroke& stroke);

}  // namespace kilomark
