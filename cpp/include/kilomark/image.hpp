#pragma once

#include <cstddef>
#include <cstdint>

#include "kilomark/api.hpp"
#include "kilomark/limits.hpp"

namespace kilomark {

// NV12 is the surface of video decoders: luma, and at half the size pairs of chroma; limited range,
// with the matrix of BT.601 (as OpenCV has it) or BT.709.
enum class PixelFormat { kGray, kBgr, kRgb, kBgra, kRgba, kNv12, kNv12Bt709 };

// Where the pixels lie. Memory of a GPU can be read by a detector on that GPU alone.
enum class ImageMemory { kHost, kCuda };

[[nodiscard]] constexpr bool is_nv12(PixelFormat format) {
  return format == PixelFormat::kNv12 || format == PixelFormat::kNv12Bt709;
}

// Bytes to a pixel; of NV12, to a pixel of luma.
[[nodiscard]] constexpr int channel_count(PixelFormat format) {
  switch (format) {
    case PixelFormat::kGray:
    case PixelFormat::kNv12:
    case PixelFormat::kNv12Bt709:
      return 1;
    case PixelFormat::kBgr:
    case PixelFormat::kRgb:
      return 3;
    case PixelFormat::kBgra:
    case PixelFormat::kRgba:
      return 4;
  }
  return 0;
}

// Borrowed pixels, (height, width, channels) uint8. The channels of a pixel and the pixels of a row
// lie side by side; rows are row_stride_bytes apart, which may exceed width * channels. Alpha is
// ignored. The owner keeps the pixels alive and unchanged during the call that the view is passed
// to.
struct ImageView {
  const std::uint8_t* pixels = nullptr;
  int width = 0;
  int height = 0;
  std::ptrdiff_t row_stride_bytes = 0;
  PixelFormat format = PixelFormat::kBgr;

  // Of NV12: the plane of chroma, ceil(width / 2) pairs in ceil(height / 2) rows.
  const std::uint8_t* chroma = nullptr;
  std::ptrdiff_t chroma_stride_bytes = 0;

  ImageMemory memory = ImageMemory::kHost;
  // Of memory of a GPU: the CUDA stream, as a number, on which the pixels are written; the detector
  // waits for what is on it. 0: they are written.
  std::uint64_t stream = 0;
};

// Throws Error{kInvalidInput} unless the view has pixels, 1..kMaxImageSide of them each way, and
// rows that do not overlap. `index` names the image in the message.
KILOMARK_API void check_image(const ImageView& image, std::size_t index = 0);

}  // namespace kilomark
