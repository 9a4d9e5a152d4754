#include "cpu/cell_reader.hpp"

#include <algorithm>

namespace kilomark::cpu {

CellReader::CellReader(const ImageView& image, int block, const CropKernels& kernels)
    : image_(image),
      kernels_(kernels),
      block_(block),
      channels_(channel_count(image.format)),
      image_columns_((image.width + block - 1) / block),
      image_rows_((image.height + block - 1) / block) {}

void CellReader::read_row(int row, int first_column, int count, Pixel* cells) const {
  constexpr Pixel kOutside{{0.0F, 0.0F, 0.0F, 0.0F}};
  const int end_column = first_column + count;
  const int first = std::clamp(first_column, 0, image_columns_);
  const int last = std::clamp(end_column, first, image_columns_);
  if (row < 0 || row >= image_rows_ || first == last) {
    std::fill_n(cells, count, kOutside);
    return;
  }
  std::fill_n(cells, first - first_column, kOutside);
  read_inside(row, first, last, cells + (first - first_column));
  std::fill_n(cells + (last - first_column), end_column - last, kOutside);
}

void CellReader::read_inside(int row, int first, int last, Pixel* cells) const {
  const int top = row * block_;
  const int left = first * block_;
  CellBytes bytes;
  bytes.bytes = image_.pixels + top * image_.row_stride_bytes + std::ptrdiff_t{left} * channels_;
  bytes.row_stride_bytes = image_.row_stride_bytes;
  bytes.readable_bytes = std::ptrdiff_t{image_.width - left} * channels_;
  bytes.channels = channels_;
  bytes.block = block_;
  bytes.rows = std::min(block_, image_.height - top);
  const int whole = std::min(last, image_.width / block_);
  kernels_.read_cells(bytes, whole - first, cells);
  if (whole < last) {  // the last cell hangs over the right edge
    cells[whole - first] = read_cell(image_.pixels, image_.row_stride_bytes, image_.width,
                                     image_.height, channels_, block_, whole, row);
  }
}

}  // namespace kilomark::cpu
