#pragma once

#include "cpu/crop_kernels.hpp"

namespace kilomark::cpu {

// Sums of up to 16 x 16 bytes in pairs fit into 16 bits, even signed ones.
inline constexpr int kMaxSummedBlock = 16;

// Reads `count` cells: as many as vectors can read without leaving the row, the rest by the
// portable kernel. `Readers` has the readers of one instruction set, each of which returns how many
// cells it read:
//
//   read_pixels         cells of one pixel
//   read_blocks_of_two  cells of 2 x 2 pixels
//   read_blocks<N>      cells of N x N pixels; of any size up to kMaxSummedBlock each way if N is 0
template <class Readers>
void read_cells_by(const CellBytes& image, int count, Pixel* cells) {
  int done = 0;
  if (image.block == 1) {
    done = Readers::read_pixels(image, count, cells);
  } else {
    switch (image.rows == image.block ? image.block : 0) {
      case 2:
        done = Readers::read_blocks_of_two(image, count, cells);
        break;
      case 3:
        done = Readers::template read_blocks<3>(image, count, cells);
        break;
      case 4:
        done = Readers::template read_blocks<4>(image, count, cells);
        break;
      default:
        done = image.block <= kMaxSummedBlock
                   ? Readers::template read_blocks<0>(image, count, cells)
                   : 0;
    }
  }
  portable_kernels().read_cells(image.after(done), count - done, cells + done);
}

}  // namespace kilomark::cpu
