#pragma once

#include "finder_schedule.hpp"
#include "kilomark/geometry.hpp"

namespace kilomark::tracking {

// A box of a tile's pixels as one of the frame's.
[[nodiscard]] Box from_tile(const Tile& tile, const Box& box);

// Whether the box lies in the tile as a whole.
[[nodiscard]] bool covers(const Tile& tile, const Box& box);

// Whether an edge of the tile that lies within the frame cuts the box.
[[nodiscard]] bool cuts(const Tile& tile, const Box& box, int frame_width, int frame_height);

}  // namespace kilomark::tracking
