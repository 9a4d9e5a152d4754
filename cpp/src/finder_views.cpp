#include "finder_views.hpp"

#include <algorithm>
#include <cmath>

namespace kilomark {

namespace {

constexpr double kOverlap = 0.25;  // of a tile's side

// Centers of as few tiles of `side` px as cover `extent` px and overlap as they should, evenly
// spread.
std::vector<double> tile_centers(double extent, double side) {
  constexpr double kRounding = 1e-6;
  const double needed = (extent - kOverlap * side) / (side * (1.0 - kOverlap));
  const int count = std::max(1, static_cast<int>(std::ceil(needed - kRounding)));
  if (count == 1) {
    return {extent / 2.0};
  }
  std::vector<double> centers;
  for (int i = 0; i < count; ++i) {
    centers.push_back(side / 2.0 + i * (extent - side) / (count - 1));
  }
  return centers;
}

}  // namespace

std::vector<Crop> finder_views(int image_width, int image_height, const NetworkInput& input,
                               int tiles) {
  std::vector<Crop> views = {Crop::letterbox(image_width, image_height, input.width, input.height)};
  const double scale = views.front().scale() / (tiles - (tiles - 1) * kOverlap);
  if (tiles == 1 || scale < Crop::kMinScale) {
    return views;
  }
  const double side = scale * std::max(input.width, input.height);
  for (const double y : tile_centers(image_height, scale * input.height)) {
    for (const double x : tile_centers(image_width, scale * input.width)) {
      const Point center{static_cast<float>(x), static_cast<float>(y)};
      views.push_back(Crop::around(center, side, 0.0, input.width, input.height));
    }
  }
  return views;
}

}  // namespace kilomark
