// Proof that nvcc compiles all that resample.hpp offers to device code; .ci/run compiles it for the
// oldest and the newest GPU that nvcc knows. Nothing runs it.

#include <cstddef>
#include <cstdint>

#include "kilomark/resample.hpp"

namespace kilomark {

__global__ void crop_pixel(ResamplePlan plan, const std::uint8_t* pixels,
                           std::ptrdiff_t row_stride_bytes, int width, int height, int channels,
                           float* output) {
  const int u = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int v = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
  if (u >= plan.width || v >= plan.height) {
    return;
  }
  const Pixel sum = sample(plan, u, v, [&](int column, int row) {
    return read_cell(pixels, row_stride_bytes, width, height, channels, plan.block,
                     plan.first_column + column, plan.first_row + row);
  });
  for (int channel = 0; channel < 3; ++channel) {
    output[(plan.plane[channel] * plan.height + v) * plan.width + u] =
        normalize(plan, sum, channel);
  }
}

}  // namespace kilomark
