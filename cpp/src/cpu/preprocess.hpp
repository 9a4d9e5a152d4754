#pragma once

#include <memory>
#include <span>

#include "cpu/crop_kernels.hpp"
#include "kilomark/crop.hpp"
#include "kilomark/image.hpp"
#include "kilomark/network.hpp"
#include "kilomark/resample.hpp"

namespace kilomark::cpu {

// Scratch memory of the crop, kept between calls. It does not grow with the image.
class CropWorkspace {
 public:
  // Room for `count` cells, with anything in them.
  [[nodiscard]] Pixel* make_cells(int count);

  RowTaps horizontal;

 private:
  std::unique_ptr<Pixel[]> cells_;
  int capacity_ = 0;
};

enum class TensorLayout { kChannelsFirst, kChannelsLast };

// Crops, resamples and normalizes in one pass, as resample.hpp defines it, into `output`: (3,
// height, width), or (height, width, 3) with the channels last.
void crop_image(const ImageView& image, const Crop& crop, const NetworkInput& input,
                CropWorkspace& workspace, std::span<float> output,
                const CropKernels& kernels = best_kernels(),
                TensorLayout layout = TensorLayout::kChannelsFirst);

}  // namespace kilomark::cpu
