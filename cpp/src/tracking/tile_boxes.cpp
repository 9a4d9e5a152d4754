#include "tile_boxes.hpp"

#include <algorithm>

namespace kilomark::tracking {

namespace {

constexpr float kEdgeShare = 0.02F;  // a face that near to a tile's edge is cut by it

}  // namespace

Box from_tile(const Tile& tile, const Box& box) {
  const auto x = static_cast<float>(tile.x);
  const auto y = static_cast<float>(tile.y);
  return {box.x0 + x, box.y0 + y, box.x1 + x, box.y1 + y};
}

bool covers(const Tile& tile, const Box& box) {
  return box.x0 >= static_cast<float>(tile.x) && box.y0 >= static_cast<float>(tile.y) &&
         box.x1 <= static_cast<float>(tile.x + tile.width) &&
         box.y1 <= static_cast<float>(tile.y + tile.height);
}

bool cuts(const Tile& tile, const Box& box, int frame_width, int frame_height) {
  const float near = kEdgeShare * static_cast<float>(std::max(tile.width, tile.height));
  return (tile.x > 0 && box.x0 < static_cast<float>(tile.x) + near) ||
         (tile.y > 0 && box.y0 < static_cast<float>(tile.y) + near) ||
         (tile.x + tile.width < frame_width &&
          box.x1 > static_cast<float>(tile.x + tile.width) - near) ||
         (tile.y + tile.height < frame_height &&
          box.y1 > static_cast<float>(tile.y + tile.height) - near);
}

}  // namespace kilomark::tracking
