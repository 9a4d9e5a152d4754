#include "cpu/preprocess.hpp"

#include "resample_plan.hpp"

namespace kilomark::cpu {

void crop_image(const ImageView& image, const Crop& crop, const NetworkInput& input,
                CropWorkspace& /*workspace*/, std::span<float> output) {
  const ResamplePlan plan = make_resample_plan(crop, image.format, input);
  const auto cell = [&](int column, int row) {
    return read_cell(image.pixels, image.row_stride_bytes, image.width, image.height,
                     channel_count(image.format), plan, plan.first_column + column,
                     plan.first_row + row);
  };
  const int area = plan.width * plan.height;
  for (int v = 0; v < plan.height; ++v) {
    for (int u = 0; u < plan.width; ++u) {
      const Pixel sum = sample(plan, u, v, cell);
      for (int c = 0; c < 3; ++c) {
        output[static_cast<std::size_t>(plan.plane[c] * area + v * plan.width + u)] =
            normalise(plan, sum, c);
      }
    }
  }
}

}  // namespace kilomark::cpu
