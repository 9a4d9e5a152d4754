#pragma once

// What a pixel of a network's input is, written once for the CPU and the GPU.
//
// An output pixel is the mean of the image over a square around the point that the crop maps its
// center to. The side of the square is the crop's scale, so that every pixel that the output pixel
// covers is averaged, and at least one pixel, which makes it plain bilinear interpolation when the
// crop enlarges. The square is not turned with the crop. Outside the image there is the mean color
// of the network, which is 0 after normalization.
//
// A crop that shrinks by more than two first reduces the image by blocks of n x n whole pixels, n =
// ceil(scale / 2), aligned to the image's corner; the square then averages these. So an output
// pixel never has more than 3 x 3 taps.
//
// All arithmetic is IEEE float in the order written here. Compiled without contraction to fused
// multiply-add
// (-ffp-contract=off, nvcc --fmad=false), every compiler and device gives the same bits.

#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)
#define KILOMARK_HD __host__ __device__ inline
#else
#define KILOMARK_HD inline
#endif

namespace kilomark {

inline constexpr int kMaxTaps = 3;

// Sums over pixels: three channels in the image's order, and the coverage, which counts the pixels
// inside the image. Four floats, so that compilers make vector instructions of the sums.
struct alignas(16) Pixel {
  float value[4];
};

inline constexpr int kCoverage = 3;

// Where the square of output pixel (u, v) begins in one direction: origin + du * u + dv * v, in
// cells.
struct Axis {
  float origin = 0.0F;
  float du = 0.0F;
  float dv = 0.0F;
};

// A crop, prepared for the per-pixel work; see make_resample_plan(). Columns and rows of cells are
// counted from (first_column, first_row), which is chosen so that no square begins below 0.
struct ResamplePlan {
  int block = 1;         // n: a cell is the sum of n x n image pixels
  int first_column = 0;  // in cells of the image
  int first_row = 0;
  Axis x;
  Axis y;
  float span = 1.0F;  // the square's side in cells, 1..2
  int width = 0;      // of the output
  int height = 0;
  float scale[3] = {};  // normalization of the taps' sum, in the image's channel order
  float offset[3] = {};
  int plane[3] = {0, 1, 2};  // the output plane of each of the image's channels
};

KILOMARK_HD float square_begin(const Axis& axis, int u, int v) {
  const float along_row = axis.du * static_cast<float>(u);
  const float along_column = axis.dv * static_cast<float>(v);
  return (along_row + along_column) + axis.origin;
}

// The cells that a square touches in one direction, and by how much.
struct Taps {
  int first;
  float weight[kMaxTaps];
};

KILOMARK_HD Taps make_taps(float begin, float span) {
  Taps taps;
  taps.first = static_cast<int>(begin);
  const float start = begin - static_cast<float>(taps.first);
  const float end = start + span;
  taps.weight[0] = 1.0F - start;
  taps.weight[1] = end < 2.0F ? end - 1.0F : 1.0F;
  taps.weight[2] = end < 2.0F ? 0.0F : end - 2.0F;
  return taps;
}

KILOMARK_HD Pixel weighted_sum(const Pixel& p0, const Pixel& p1, const Pixel& p2,
                               const float weight[kMaxTaps]) {
  Pixel sum;
  for (int i = 0; i < 4; ++i) {
    sum.value[i] = (weight[0] * p0.value[i] + weight[1] * p1.value[i]) + weight[2] * p2.value[i];
  }
  return sum;
}

// The sum of the taps of output pixel (u, v): down each column, then along the row of columns.
// `cell(column, row)` gives a cell as a Pixel, columns and rows counted from the plan's first.
template <class Cell>
KILOMARK_HD Pixel sample(const ResamplePlan& plan, int u, int v, const Cell& cell) {
  const Taps horizontal = make_taps(square_begin(plan.x, u, v), plan.span);
  const Taps vertical = make_taps(square_begin(plan.y, u, v), plan.span);
  Pixel columns[kMaxTaps];
  for (int i = 0; i < kMaxTaps; ++i) {
    const int column = horizontal.first + i;
    columns[i] = weighted_sum(cell(column, vertical.first), cell(column, vertical.first + 1),
                              cell(column, vertical.first + 2), vertical.weight);
  }
  return weighted_sum(columns[0], columns[1], columns[2], horizontal.weight);
}

// The normalized value of one of the image's channels.
KILOMARK_HD float normalize(const ResamplePlan& plan, const Pixel& sum, int channel) {
  return sum.value[channel] * plan.scale[channel] + sum.value[kCoverage] * plan.offset[channel];
}

// A cell of the reduced image, straight from the image's pixels; `channels` is 1, 3 or 4. Column
// and row are counted from the image's corner and may lie outside.
KILOMARK_HD Pixel read_cell(const std::uint8_t* pixels, std::ptrdiff_t row_stride_bytes, int width,
                            int height, int channels, int block, int column, int row) {
  const int left = column * block < 0 ? 0 : column * block;
  const int top = row * block < 0 ? 0 : row * block;
  const int right = (column + 1) * block > width ? width : (column + 1) * block;
  const int bottom = (row + 1) * block > height ? height : (row + 1) * block;
  std::uint32_t sum[3] = {0, 0, 0};
  std::uint32_t count = 0;
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) {
      const std::uint8_t* pixel =
          pixels + y * row_stride_bytes + static_cast<std::ptrdiff_t>(x) * channels;
      for (int c = 0; c < 3; ++c) {
        sum[c] += pixel[channels == 1 ? 0 : c];
      }
      ++count;
    }
  }
  Pixel cell;
  for (int c = 0; c < 3; ++c) {
    cell.value[c] = static_cast<float>(sum[c]);
  }
  cell.value[kCoverage] = static_cast<float>(count);
  return cell;
}

}  // namespace kilomark
