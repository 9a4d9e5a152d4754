#pragma once

#include <vector>

#include "kilomark/crop.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

// What the face detector ("finder") sees of an image: all of it and, for `tiles` of 2 and more,
// parts of it, as large as the input each: `tiles` along the longer side, and as many along the
// other as cover it. Tiles overlap by a quarter; a face that is larger than that is large enough in
// the view of all.
//
// An image that is too small to be cut so has the view of all alone.
[[nodiscard]] std::vector<Crop> finder_views(int image_width, int image_height,
                                             const NetworkInput& input, int tiles);

}  // namespace kilomark
