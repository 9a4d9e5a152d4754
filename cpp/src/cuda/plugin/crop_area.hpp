#pragma once

#include "kilomark/resample.hpp"

namespace kilomark::cuda {

// Pixels [left, right) x [top, bottom) of an image; empty where right <= left or bottom <= top.
struct PixelArea {
  int left = 0;
  int top = 0;
  int right = 0;
  int bottom = 0;

  [[nodiscard]] bool is_empty() const { return right <= left || bottom <= top; }
  [[nodiscard]] bool contains(const PixelArea& part) const {
    return part.is_empty() ||
           (left <= part.left && top <= part.top && part.right <= right && part.bottom <= bottom);
  }
};

// The pixels of an image that the crop kernel reads for a plan, and no others: cells that lie
// outside the image are not read.
[[nodiscard]] PixelArea area_of(const ResamplePlan& plan, int image_width, int image_height);

// The smallest area that holds both.
[[nodiscard]] PixelArea area_around(const PixelArea& one, const PixelArea& other);

}  // namespace kilomark::cuda
