#include <algorithm>
#include <cmath>
#include <optional>

#include "kilomark/painting.hpp"
#include "painting/coverage.hpp"

namespace kilomark {

namespace {

using painting::Coverage;

int clamped(float value, int limit) {
  return static_cast<int>(std::clamp(value, 0.0F, static_cast<float>(limit)));
}

// Empty coverage of the part of the buffer that the stroke reaches; none if there is no such part.
std::optional<Coverage> coverage_of(const PixelBuffer& buffer, const Stroke& stroke) {
  if (stroke.points.empty() || std::ranges::any_of(stroke.points, [](Point p) {
        return !std::isfinite(p.x) || !std::isfinite(p.y);
      })) {
    return std::nullopt;
  }
  Box box{stroke.points[0].x, stroke.points[0].y, stroke.points[0].x, stroke.points[0].y};
  for (const Point& p : stroke.points) {
    box = {std::min(box.x0, p.x), std::min(box.y0, p.y), std::max(box.x1, p.x),
           std::max(box.y1, p.y)};
  }
  const float margin = 0.5F * stroke.width_px + 1.5F;
  const int x0 = clamped(std::floor(box.x0 - margin), buffer.width);
  const int y0 = clamped(std::floor(box.y0 - margin), buffer.height);
  const int x1 = clamped(std::ceil(box.x1 + margin), buffer.width);
  const int y1 = clamped(std::ceil(box.y1 + margin), buffer.height);
  if (x0 >= x1 || y0 >= y1) {
    return std::nullopt;
  }
  return Coverage(x0, y0, x1, y1);
}

void cover(Coverage& coverage, const Stroke& stroke) {
  const std::span<const Point> points = stroke.points;
  switch (stroke.kind) {
    case StrokeKind::kFill:
      coverage.add_area(points);
      return;
    case StrokeKind::kDots:
      for (const Point& p : points) {
        coverage.add_line(p, p, stroke.width_px);
      }
      return;
    case StrokeKind::kRing:
      coverage.add_line(points.back(), points.front(), stroke.width_px);
      [[fallthrough]];
    case StrokeKind::kCurve:
      coverage.add_line(points[0], points[0], stroke.width_px);
      for (std::size_t i = 1; i < points.size(); ++i) {
        coverage.add_line(points[i - 1], points[i], stroke.width_px);
      }
  }
}

void mix(const PixelBuffer& buffer, const Coverage& coverage, const Stroke& stroke) {
  const int opacity = static_cast<int>(std::lround(256.0F * stroke.opacity));
  for (int y = 0; y < coverage.height(); ++y) {
    const std::span<const std::uint8_t> row = coverage.row(y);
    std::uint8_t* pixel = buffer.pixels + (coverage.y0() + y) * buffer.row_stride_bytes +
                          static_cast<std::ptrdiff_t>(coverage.x0()) * buffer.channels;
    for (const std::uint8_t covered : row) {
      if (covered != 0) {
        const int share = covered * opacity;  // of 255 * 256
        for (int c = 0; c < buffer.channels; ++c) {
          const int from = pixel[c];
          const int change = (stroke.color[static_cast<std::size_t>(c)] - from) * share;
          pixel[c] = static_cast<std::uint8_t>(from + (change + (change < 0 ? -32640 : 32640)) /
                                                          (255 * 256));
        }
      }
      pixel += buffer.channels;
    }
  }
}

}  // namespace

void paint(const PixelBuffer& buffer, const Stroke& stroke) {
  if (std::optional<Coverage> coverage = coverage_of(buffer, stroke)) {
    cover(*coverage, stroke);
    mix(buffer, *coverage, stroke);
  }
}

}  // namespace kilomark
