#pragma once

// NV12, the surface of video decoders: a plane of luma, and at half the size a plane of (U, V)
// pairs. Values are of limited range, luma 16..235.

#include "kilomark/resample.hpp"

namespace kilomark::cuda {

// What red, green and blue gain from (luma - 16), (U - 128) and (V - 128).
struct YuvMatrix {
  float luma;
  float red_v;
  float green_u;
  float green_v;
  float blue_u;
};

struct Nv12Surface {
  const std::uint8_t* luma;
  const std::uint8_t* chroma;
  std::ptrdiff_t luma_stride_bytes;
  std::ptrdiff_t chroma_stride_bytes;
  int width;
  int height;
  bool is_bt709;
};

KILOMARK_HD YuvMatrix yuv_matrix(bool is_bt709) {
  return is_bt709 ? YuvMatrix{1.164383F, 1.792741F, -0.213249F, -0.532909F, 2.112402F}
                  : YuvMatrix{1.164383F, 1.596027F, -0.391762F, -0.812968F, 2.017232F};
}

KILOMARK_HD std::uint32_t to_byte(float value) {
  const float rounded = value + 0.5F;
  return rounded < 0.0F ? 0U : (rounded > 255.0F ? 255U : static_cast<std::uint32_t>(rounded));
}

// read_cell() of the RGB image that the surface stands for: every pixel is converted to bytes
// first, with the chroma of the pair that it lies in, so that NV12 and its conversion give the same
// crop.
KILOMARK_HD Pixel read_nv12_cell(const Nv12Surface& surface, int block, int column, int row) {
  const int left = column * block < 0 ? 0 : column * block;
  const int top = row * block < 0 ? 0 : row * block;
  const int right = (column + 1) * block > surface.width ? surface.width : (column + 1) * block;
  const int bottom = (row + 1) * block > surface.height ? surface.height : (row + 1) * block;
  const YuvMatrix matrix = yuv_matrix(surface.is_bt709);
  std::uint32_t sum[3] = {0, 0, 0};
  std::uint32_t count = 0;
  for (int y = top; y < bottom; ++y) {
    const std::uint8_t* luma_row = surface.luma + y * surface.luma_stride_bytes;
    const std::uint8_t* chroma_row = surface.chroma + (y / 2) * surface.chroma_stride_bytes;
    for (int x = left; x < right; ++x) {
      const float light = matrix.luma * (static_cast<float>(luma_row[x]) - 16.0F);
      const float u = static_cast<float>(chroma_row[x / 2 * 2]) - 128.0F;
      const float v = static_cast<float>(chroma_row[x / 2 * 2 + 1]) - 128.0F;
      sum[0] += to_byte(light + matrix.red_v * v);
      sum[1] += to_byte(light + (matrix.green_u * u + matrix.green_v * v));
      sum[2] += to_byte(light + matrix.blue_u * u);
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

}  // namespace kilomark::cuda
