#pragma once

#include "cpu/crop_kernels.hpp"
#include "kilomark/image.hpp"

namespace kilomark::cpu {

// Reads cells of the reduced image as read_cell() defines them: the same bits, faster.
class CellReader {
 public:
  CellReader(const ImageView& image, int block, const CropKernels& kernels);

  // Cells [first_column, first_column + count) of a row. They are counted from the image's corner
  // and may lie outside.
  void read_row(int row, int first_column, int count, Pixel* cells) const;

 private:
  // Cells [first, last), all of which touch the image.
  void read_inside(int row, int first, int last, Pixel* cells) const;

  const ImageView& image_;
  const CropKernels& kernels_;
  int block_;
  int channels_;
  int image_columns_;  // the image's size in cells; the last may hang over its edge
  int image_rows_;
};

}  // namespace kilomark::cpu
