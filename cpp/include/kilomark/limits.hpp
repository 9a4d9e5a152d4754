#pragma once

#include <cstddef>

namespace kilomark {

// The limits of everything that a caller or a bundle may ask for. Python reads them from _core.

// Images
inline constexpr int kMaxImageSide = 65535;  // px, width or height

// Networks
inline constexpr int kMaxInputSide = 4096;  // px, width or height of a network's input
inline constexpr int kMaxBatch = 1024;
inline constexpr int kMaxLandmarks = 16384;
inline constexpr int kMaxStrides = 8;
inline constexpr int kMaxStride = 1024;  // px
inline constexpr float kMaxCropScale = 16.0F;

// One call
inline constexpr std::size_t kMaxBatchPixels = std::size_t{1} << 21;  // the face detector's input
inline constexpr int kMaxFinderTiles = 8;               // along the longer side of an image
inline constexpr std::size_t kMaxFacesPerImage = 4096;  // found faces, the finder's best first
inline constexpr std::size_t kMaxRegionsPerCall = 262144;
inline constexpr std::size_t kMaxResultBytes = std::size_t{4} << 30;
inline constexpr float kMaxBoxToImage = 100.0F;  // longer side of a given box over the image's

}  // namespace kilomark
