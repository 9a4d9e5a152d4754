#pragma once

#include "cpu/crop_kernels.hpp"

namespace kilomark::cpu {

// The taps of a row of output pixels in both directions, as the vector kernels of turned crops use
// them.
struct RowSquares {
  alignas(32) int offset[kMaxRow];  // of the square's first cell
  alignas(32) float across[kMaxTaps][kMaxRow];
  alignas(32) float down[kMaxTaps][kMaxRow];
};

}  // namespace kilomark::cpu
