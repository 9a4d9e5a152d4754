#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "cuda/plugin/crop_area.hpp"
#include "cuda/plugin/driver.hpp"
#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

// A part of a plane of pixels, on its way from the host into a block of memory.
struct PlaneCopy {
  const std::uint8_t* from = nullptr;  // the first pixel of the part
  std::size_t from_stride = 0;
  std::size_t to_stride = 0;
  std::size_t row_bytes = 0;
  std::size_t rows = 0;
  std::size_t offset = 0;      // in the block
  std::size_t top = 0;         // rows of the plane above the part
  std::size_t left_bytes = 0;  // of a row before the part
  bool is_pinned = false;
  const void* on_device = nullptr;  // where the kernel finds the part

  // Whether the rows and the gaps between them are copied as one piece.
  [[nodiscard]] bool is_one_piece() const { return from_stride == to_stride; }
  [[nodiscard]] std::size_t bytes() const {
    return rows == 0 ? 0 : (rows - 1) * to_stride + row_bytes;
  }
};

// What of the frames of a call goes to the device, and where it lies there.
struct UploadPlan {
  std::vector<PixelArea> areas;   // of each frame: what of it the kernel can read
  std::vector<PlaneCopy> planes;  // of each frame of the host in turn: of NV12 chroma, then pixels
  std::size_t bytes = 0;          // of the block
};

// All that will be cropped, where that is known.
using KnownCrops = std::optional<std::span<const CropRequest>>;

// Only the pixels that the crops read go up; where these are not known, all of every frame does.
[[nodiscard]] UploadPlan plan_upload(std::span<const FrameView> frames, const KnownCrops& crops);

// Points the frames of the host to their planes on the device. A frame of which only a part is
// there begins outside of it; the kernel reads the part alone.
void point_to_planes(std::span<FrameView> frames, const UploadPlan& plan);

}  // namespace kilomark::cuda
