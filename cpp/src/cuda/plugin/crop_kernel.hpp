#pragma once

// The crop kernel: N crops of one or several frames, straight to a normalized (N, 3, H, W) tensor,
// in one launch. A thread makes one output pixel, all three channels of it.
//
//   frames | packed gray, BGR, RGB, BGRA, RGBA, any row stride; NV12 | uint8, device memory
//   output | (N, 3, H, W), contiguous                                | float32 or float16
//
// The arithmetic is resample.hpp's. What a thread does is a function of its indices, so that tests
// run it on a CPU, one thread after another.

#include <cstddef>
#include <cstdint>

#include "cuda/plugin/half.hpp"
#include "cuda/plugin/nv12.hpp"
#include "cuda/plugin_abi.hpp"
#include "kilomark/resample.hpp"

namespace kilomark::cuda {

enum class TensorType : std::int32_t { kFloat, kHalf };

[[nodiscard]] constexpr std::size_t size_of(TensorType type) {
  return type == TensorType::kFloat ? 4 : 2;
}

// One crop of a frame in device memory.
struct CropItem {
  ResamplePlan plan;
  FrameView frame;
};

// Where crops go, (N, 3, height, width).
struct CropTensor {
  void* values;  // device memory
  TensorType type;
  int width;
  int height;
};

// A launch takes its items as parameters of the kernel, of which there are at most 4 KiB: nothing
// has to be copied to the device first.
inline constexpr int kMaxCropsPerLaunch = 16;

struct CropLaunch {
  const CropItem* items;  // memory of the host
  int num_crops;          // 1..kMaxCropsPerLaunch
  CropTensor tensor;
};

inline constexpr int kCropBlockWidth = 32;
inline constexpr int kCropBlockHeight = 8;

struct GridSize {
  unsigned x, y, z;
};

[[nodiscard]] inline GridSize crop_grid(const CropLaunch& launch) {
  const CropTensor& tensor = launch.tensor;
  return {static_cast<unsigned>((tensor.width + kCropBlockWidth - 1) / kCropBlockWidth),
          static_cast<unsigned>((tensor.height + kCropBlockHeight - 1) / kCropBlockHeight),
          static_cast<unsigned>(launch.num_crops)};
}

// blockIdx and threadIdx.
struct ThreadIndex {
  unsigned block_x, block_y, block_z;
  unsigned thread_x, thread_y;
};

KILOMARK_HD Nv12Surface nv12_surface(const FrameView& frame) {
  return {frame.pixels,
          frame.chroma,
          frame.row_stride_bytes,
          frame.chroma_stride_bytes,
          frame.width,
          frame.height,
          frame.format == FrameFormat::kNv12Bt709};
}

// Cells of the frame of a crop, counted from its plan's first.
struct FrameCells {
  const CropItem& item;

  KILOMARK_HD Pixel operator()(int column, int row) const {
    const FrameView& frame = item.frame;
    const int frame_column = item.plan.first_column + column;
    const int frame_row = item.plan.first_row + row;
    if (frame.format == FrameFormat::kPacked) {
      return read_cell(frame.pixels, frame.row_stride_bytes, frame.width, frame.height,
                       frame.channels, item.plan.block, frame_column, frame_row);
    }
    return read_nv12_cell(nv12_surface(frame), item.plan.block, frame_column, frame_row);
  }
};

KILOMARK_HD void write_value(const CropTensor& tensor, std::size_t index, float value) {
  if (tensor.type == TensorType::kFloat) {
    static_cast<float*>(tensor.values)[index] = value;
  } else {
    static_cast<std::uint16_t*>(tensor.values)[index] = to_half(value);
  }
}

// The body of the kernel.
KILOMARK_HD void crop_thread(const CropItem* items, const CropTensor& tensor,
                             const ThreadIndex& index) {
  const int u =
      static_cast<int>(index.block_x) * kCropBlockWidth + static_cast<int>(index.thread_x);
  const int v =
      static_cast<int>(index.block_y) * kCropBlockHeight + static_cast<int>(index.thread_y);
  if (u >= tensor.width || v >= tensor.height) {
    return;
  }
  const CropItem& item = items[index.block_z];
  const Pixel sum = sample(item.plan, u, v, FrameCells{item});
  const std::size_t width = static_cast<std::size_t>(tensor.width);
  const std::size_t area = width * static_cast<std::size_t>(tensor.height);
  const std::size_t pixel = static_cast<std::size_t>(v) * width + static_cast<std::size_t>(u);
  for (int c = 0; c < 3; ++c) {
    const std::size_t plane =
        3 * static_cast<std::size_t>(index.block_z) + static_cast<std::size_t>(item.plan.plane[c]);
    write_value(tensor, plane * area + pixel, normalize(item.plan, sum, c));
  }
}

}  // namespace kilomark::cuda
