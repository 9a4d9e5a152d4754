#include "kilomark/image.hpp"

#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark {

void check_image(const ImageView& image, std::size_t index) {
  const auto in_range = [](int side) { return side >= 1 && side <= kMaxImageSide; };
  if (!in_range(image.width) || !in_range(image.height)) {
    fail(ErrorCode::kInvalidInput,
         text("image ", index, " of ", image.width, " x ", image.height, " px (width x height)"),
         text("1 to ", kMaxImageSide, " px each way"), "pass an image with pixels, or reduce it");
  }
  const std::ptrdiff_t row_bytes = std::ptrdiff_t{image.width} * channel_count(image.format);
  if (image.pixels == nullptr || image.row_stride_bytes < row_bytes) {
    fail(ErrorCode::kInvalidInput,
         text("image ", index, " with rows ", image.row_stride_bytes, " bytes apart"),
         text("at least ", row_bytes, " bytes, the size of a row"),
         "pass rows that run downwards and do not overlap");
  }
  const std::ptrdiff_t pair_bytes = std::ptrdiff_t{image.width + 1} / 2 * 2;
  if (is_nv12(image.format) &&
      (image.chroma == nullptr || image.chroma_stride_bytes < pair_bytes)) {
    fail(ErrorCode::kInvalidInput,
         text("image ", index, " in NV12 with rows of chroma ", image.chroma_stride_bytes,
              " bytes apart"),
         text("at least ", pair_bytes, " bytes, the size of a row"),
         "pass the plane of chroma, a pair of bytes for every two pixels");
  }
}

}  // namespace kilomark
