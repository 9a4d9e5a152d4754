#pragma once

#include <cstddef>
#include <cstdint>

#include "kilomark/resample.hpp"

namespace kilomark::cpu {

// The longest row of output pixels that the kernels work on at once.
inline constexpr int kMaxRow = 256;

// Bytes of the image under a run of cells that lie side by side.
struct CellBytes {
  const std::uint8_t* bytes;        // the first cell's top left pixel
  std::ptrdiff_t row_stride_bytes;  // of the image
  std::ptrdiff_t readable_bytes;    // from `bytes` to the end of the image's row
  int channels;
  int block;  // image pixels to a cell, across
  int rows;   // and down; fewer than `block` at the image's lower edge

  // Without the first `count` cells.
  [[nodiscard]] CellBytes after(int count) const {
    const std::ptrdiff_t offset = std::ptrdiff_t{count} * block * channels;
    return {bytes + offset, row_stride_bytes, readable_bytes - offset, channels, block, rows};
  }
};

// The taps of a row of output pixels in one direction, field by field.
struct RowTaps {
  int first[kMaxRow];
  float weight[kMaxTaps][kMaxRow];
};

// The cells of a tile, row by row.
struct CellRows {
  const Pixel* cells;  // the cell at (first_column, first_row)
  int stride;          // cells from row to row
  int first_column;
  int first_row;
};

// Where a row of output goes: the first number of each of the image's channels, and how many numbers
// further the next pixel's is: 1 in planes, 3 where the channels of a pixel stand together.
struct OutputRow {
  float* channels[3];
  int step;
  int count;
};

// The inner loops of the crop. Each set of kernels computes what resample.hpp says, to the last
// bit; they differ in the machine instructions alone.
struct CropKernels {
  // read_cell() for `count` cells that do not hang over the image's right edge.
  void (*read_cells)(const CellBytes& image, int count, Pixel* cells);

  // make_taps() for `count` output pixels from (u, v) on.
  void (*make_row_taps)(const Axis& axis, float span, int u, int v, int count, RowTaps& taps);

  // Down the columns of three rows of cells, which are rows[0], rows[1], rows[2].
  void (*sum_columns)(const Pixel* const rows[kMaxTaps], const float weight[kMaxTaps], int count,
                      Pixel* sums);

  // Along a row of such sums, the first of which is of `first_column`; then normalized.
  void (*write_upright_row)(const Pixel* sums, int first_column, const RowTaps& taps,
                            const ResamplePlan& plan, const OutputRow& out);

  // sample() and normalize() for output pixels from (u, v) on, in a row that does not run along a
  // row of cells.
  void (*write_turned_row)(const CellRows& cells, const ResamplePlan& plan, int u, int v,
                           const OutputRow& out);
};

[[nodiscard]] const CropKernels& portable_kernels();

// The fastest kernels that this machine can run.
[[nodiscard]] const CropKernels& best_kernels();

}  // namespace kilomark::cpu
