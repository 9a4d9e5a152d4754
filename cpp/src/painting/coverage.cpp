#include "painting/coverage.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace kilomark::painting {

namespace {

constexpr int kSteps = 4;  // along y, of an area
constexpr float kFull = 255.0F;

// First and last row or column of `count` that [low, high] touches.
struct Range {
  int first = 0;
  int last = -1;
};

Range touched(float low, float high, int count) {
  const auto end = static_cast<float>(count);
  if (!(high > 0.0F) || !(low < end)) {
    return {};
  }
  return {static_cast<int>(std::max(low, 0.0F)),
          static_cast<int>(std::ceil(std::min(high, end))) - 1};
}

float squared_distance(float x, float y, Point a, Point b, float squared_length) {
  const float dx = b.x - a.x;
  const float dy = b.y - a.y;
  const float along = (x - a.x) * dx + (y - a.y) * dy;
  const float t = squared_length > 0.0F ? std::clamp(along / squared_length, 0.0F, 1.0F) : 0.0F;
  const float ex = x - a.x - t * dx;
  const float ey = y - a.y - t * dy;
  return ex * ex + ey * ey;
}

// Where the closed line crosses the height y, from left to right.
void find_crossings(std::span<const Point> ring, float y, std::vector<float>& crossings) {
  crossings.clear();
  Point a = ring.back();
  for (const Point& b : ring) {
    if ((a.y <= y) != (b.y <= y)) {
      crossings.push_back(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
    }
    a = b;
  }
  std::ranges::sort(crossings);
}

void add_span(std::span<float> row, float from, float to) {
  const Range range = touched(from, to, static_cast<int>(row.size()));
  for (int x = range.first; x <= range.last; ++x) {
    const auto left = static_cast<float>(x);
    row[static_cast<std::size_t>(x)] += std::min(to, left + 1.0F) - std::max(from, left);
  }
}

}  // namespace

Coverage::Coverage(int x0, int y0, int x1, int y1)
    : x0_(x0),
      y0_(y0),
      width_(x1 - x0),
      height_(y1 - y0),
      values_(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_)) {}

std::span<const std::uint8_t> Coverage::row(int y) const {
  return std::span(values_).subspan(static_cast<std::size_t>(y) * static_cast<std::size_t>(width_),
                                    static_cast<std::size_t>(width_));
}

void Coverage::add_line(Point a, Point b, float width_px) {
  const auto left = static_cast<float>(x0_);
  const auto top = static_cast<float>(y0_);
  a = {a.x - left, a.y - top};
  b = {b.x - left, b.y - top};
  const float reach = 0.5F * std::max(width_px, 1.0F) + 0.5F;
  const Range rows = touched(std::min(a.y, b.y) - reach, std::max(a.y, b.y) + reach, height_);
  for (int y = rows.first; y <= rows.last; ++y) {
    add_row(y, a, b, width_px);
  }
}

// A line thinner than a pixel is one pixel wide and fainter.
void Coverage::add_row(int y, Point a, Point b, float width_px) {
  const float most = kFull * std::min(width_px, 1.0F);
  const float reach = 0.5F * std::max(width_px, 1.0F) + 0.5F;
  const float dx = b.x - a.x;
  const float dy = b.y - a.y;
  const float squared_length = dx * dx + dy * dy;
  const float center_y = static_cast<float>(y) + 0.5F;
  float low = std::min(a.x, b.x) - reach;
  float high = std::max(a.x, b.x) + reach;
  if (std::abs(dy) > 1e-3F) {  // the part of the row that lies near the endless line
    const float at = a.x + (center_y - a.y) / dy * dx;
    const float aside = reach * std::sqrt(squared_length) / std::abs(dy);
    low = std::max(low, at - aside);
    high = std::min(high, at + aside);
  }
  const Range columns = touched(low, high, width_);
  std::uint8_t* row = values_.data() + static_cast<std::ptrdiff_t>(y) * width_;
  for (int x = columns.first; x <= columns.last; ++x) {
    const float squared =
        squared_distance(static_cast<float>(x) + 0.5F, center_y, a, b, squared_length);
    const float share = std::clamp(reach - std::sqrt(squared), 0.0F, 1.0F);
    row[x] = std::max(row[x], static_cast<std::uint8_t>(most * share + 0.5F));
  }
}

void Coverage::add_area(std::span<const Point> ring) {
  std::vector<float> crossings;
  std::vector<float> sums(static_cast<std::size_t>(width_));
  for (int y = 0; y < height_; ++y) {
    std::ranges::fill(sums, 0.0F);
    for (int step = 0; step < kSteps; ++step) {
      const float at = static_cast<float>(y0_ + y) +
                       (static_cast<float>(step) + 0.5F) / static_cast<float>(kSteps);
      find_crossings(ring, at, crossings);
      for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
        const auto left = static_cast<float>(x0_);
        add_span(sums, crossings[i] - left, crossings[i + 1] - left);
      }
    }
    std::uint8_t* row = values_.data() + static_cast<std::ptrdiff_t>(y) * width_;
    for (int x = 0; x < width_; ++x) {
      const float share = std::min(sums[static_cast<std::size_t>(x)] / kSteps, 1.0F);
      row[x] = std::max(row[x], static_cast<std::uint8_t>(kFull * share + 0.5F));
    }
  }
}

}  // namespace kilomark::painting
