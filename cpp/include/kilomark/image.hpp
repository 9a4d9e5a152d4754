#pragma once

#include <cstddef>
#include <cstdint>

namespace kilomark {

enum class PixelFormat { kGray, kBgr, kRgb, kBgra, kRgba };

// The largest width or height that is accepted, in pixels.
inline constexpr int kMaxImageSide = 65535;

[[nodiscard]] constexpr int channel_count(PixelFormat format) {
  switch (format) {
    case PixelFormat::kGray:
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
};

// Throws Error{kInvalidInput} unless the view has pixels, 1..kMaxImageSide of them each way, and
// rows that do not overlap. `index` names the image in the message.
void check_image(const ImageView& image, std::size_t index = 0);

}  // namespace kilomark
