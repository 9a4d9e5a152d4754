#pragma once

// What a pixel of a network's input is, written once for the CPU and the GPU.
//
// An output pixel is the mean of the image over a square around the point that the crop maps its
// centre to. The side of the square is the crop's scale, so that every pixel that the output pixel
// covers is averaged, and at least one pixel, which makes it plain bilinear interpolation when the
// crop enlarges. The square is not turned with the crop. Outside the image there is the mean colour
// of the network, which is 0 after normalisation.
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

// Three channels, and how much of the pixel lies inside the image: 0..1.
struct alignas(16) Pixel {
  float channel[3];
  float coverage;
};

// A crop, prepared for the per-pixel work; see make_resample_plan(). Cells are the blocks of the
// reduced image, counted from (first_column, first_row).
struct ResamplePlan {
  int block = 1;                        // n: a cell is the mean of n x n image pixels
  float block_weight = 1.0F;            // 1 / n^2
  int first_column = 0, first_row = 0;  // the first cell that is read, in cells of the image
  int num_columns = 0, num_rows = 0;    // how many are
  float x0 = 0, dx_du = 0, dx_dv = 0;   // the square's low corner in cells, for output pixel (u, v)
  float y0 = 0, dy_du = 0, dy_dv = 0;
  float span = 1.0F;          // the square's side in cells, 1..2
  int width = 0, height = 0;  // of the output
  float scale[3] = {},
        offset[3] = {};      // normalisation of the taps' sum, in the image's channel order
  int plane[3] = {0, 1, 2};  // the output plane of each of the image's channels
};

// The cells that a square [low, low + span) touches in one direction, and by how much.
struct Taps {
  int first;
  float weight[kMaxTaps];
};

KILOMARK_HD Taps make_taps(float low, float span) {
  Taps taps;
  taps.first = static_cast<int>(low);  // low >= 0
  const float start = low - static_cast<float>(taps.first);
  const float end = start + span;
  taps.weight[0] = 1.0F - start;
  taps.weight[1] = end < 2.0F ? end - 1.0F : 1.0F;
  taps.weight[2] = end < 2.0F ? 0.0F : end - 2.0F;
  return taps;
}

KILOMARK_HD float tap_x(const ResamplePlan& plan, int u, int v) {
  const float along_row = plan.dx_du * static_cast<float>(u);
  const float along_column = plan.dx_dv * static_cast<float>(v);
  return (along_row + along_column) + plan.x0;
}

KILOMARK_HD float tap_y(const ResamplePlan& plan, int u, int v) {
  const float along_row = plan.dy_du * static_cast<float>(u);
  const float along_column = plan.dy_dv * static_cast<float>(v);
  return (along_row + along_column) + plan.y0;
}

KILOMARK_HD Pixel weighted_sum(const Pixel taps[kMaxTaps], const float weight[kMaxTaps]) {
  Pixel sum;
  for (int c = 0; c < 3; ++c) {
    sum.channel[c] = (weight[0] * taps[0].channel[c] + weight[1] * taps[1].channel[c]) +
                     weight[2] * taps[2].channel[c];
  }
  sum.coverage =
      (weight[0] * taps[0].coverage + weight[1] * taps[1].coverage) + weight[2] * taps[2].coverage;
  return sum;
}

// The sum of the taps of output pixel (u, v): down each column, then along the row of columns.
// `cell(column, row)` gives a cell as a Pixel, columns and rows counted from the plan's first.
template <class Cell>
KILOMARK_HD Pixel sample(const ResamplePlan& plan, int u, int v, const Cell& cell) {
  const Taps horizontal = make_taps(tap_x(plan, u, v), plan.span);
  const Taps vertical = make_taps(tap_y(plan, u, v), plan.span);
  Pixel columns[kMaxTaps];
  for (int i = 0; i < kMaxTaps; ++i) {
    Pixel column[kMaxTaps];
    for (int j = 0; j < kMaxTaps; ++j) {
      column[j] = cell(horizontal.first + i, vertical.first + j);
    }
    columns[i] = weighted_sum(column, vertical.weight);
  }
  return weighted_sum(columns, horizontal.weight);
}

// The normalised value of one of the image's channels.
KILOMARK_HD float normalise(const ResamplePlan& plan, const Pixel& sum, int channel) {
  return sum.channel[channel] * plan.scale[channel] + sum.coverage * plan.offset[channel];
}

// A cell of the reduced image, straight from the image's pixels; `channels` is 1, 3 or 4. Column
// and row are counted from the image's corner and may lie outside.
KILOMARK_HD Pixel read_cell(const std::uint8_t* pixels, std::ptrdiff_t row_stride_bytes, int width,
                            int height, int channels, const ResamplePlan& plan, int column,
                            int row) {
  const int left = column * plan.block < 0 ? 0 : column * plan.block;
  const int top = row * plan.block < 0 ? 0 : row * plan.block;
  const int right = (column + 1) * plan.block > width ? width : (column + 1) * plan.block;
  const int bottom = (row + 1) * plan.block > height ? height : (row + 1) * plan.block;
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
    cell.channel[c] = static_cast<float>(sum[c]) * plan.block_weight;
  }
  cell.coverage = static_cast<float>(count) * plan.block_weight;
  return cell;
}

}  // namespace kilomark
