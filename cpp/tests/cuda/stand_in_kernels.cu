#include <cuda_fp16.h>

#include "cuda/plugin/half.hpp"
#include "stand_in_kernels.hpp"

namespace kilomark::cuda {

namespace {

constexpr unsigned kThreads = 128;

__device__ float read_number(const void* tensor, TensorType type, std::size_t index) {
  return type == TensorType::kFloat ? static_cast<const float*>(tensor)[index]
                                    : __half2float(static_cast<const __half*>(tensor)[index]);
}

// A block makes one number of one item.
__global__ void __launch_bounds__(kThreads) numbers_kernel(const NumbersLaunch launch) {
  const FakeValue value = launch.values[blockIdx.x];
  const int area = value.width * value.height;
  const int count = area * value.num_channels;
  const std::size_t plane =
      static_cast<std::size_t>(launch.width) * static_cast<std::size_t>(launch.height);
  double sum = 0.0;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(kThreads)) {
    const int x = value.left + i % area % value.width;
    const int y = value.top + i % area / value.width;
    const std::size_t channel = static_cast<std::size_t>(value.first_channel + i / area);
    const std::size_t pixel =
        static_cast<std::size_t>(y) * static_cast<std::size_t>(launch.width) +
        static_cast<std::size_t>(x);
    sum += read_number(launch.input, launch.input_type,
                       (3 * blockIdx.y + channel) * plane + pixel);
  }
  __shared__ double sums[kThreads];
  sums[threadIdx.x] = sum;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      sums[threadIdx.x] += sums[threadIdx.x + half];
    }
  }
  if (threadIdx.x == 0) {
    launch.numbers[static_cast<std::size_t>(blockIdx.y) * gridDim.x + blockIdx.x] =
        count == 0 ? value.constant : static_cast<float>(sums[0] / count);
  }
}

__global__ void __launch_bounds__(kThreads) output_kernel(const OutputLaunch launch) {
  const unsigned i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= static_cast<unsigned>(launch.size)) {
    return;
  }
  const std::size_t item = blockIdx.y;
  const float number = launch.numbers[item * static_cast<std::size_t>(launch.num_values) + i];
  const std::size_t index = item * static_cast<std::size_t>(launch.size) + i;
  if (launch.output_type == TensorType::kFloat) {
    static_cast<float*>(launch.output)[index] = number;
  } else {
    static_cast<std::uint16_t*>(launch.output)[index] = to_half(number);
  }
}

}  // namespace

int launch_numbers(const NumbersLaunch& launch, StreamHandle stream) {
  const dim3 blocks(static_cast<unsigned>(launch.num_values), static_cast<unsigned>(launch.batch));
  numbers_kernel<<<blocks, kThreads, 0, stream>>>(launch);
  return cudaGetLastError();
}

int launch_output(const OutputLaunch& launch, StreamHandle stream) {
  const dim3 blocks((static_cast<unsigned>(launch.size) + kThreads - 1) / kThreads,
                    static_cast<unsigned>(launch.batch));
  output_kernel<<<blocks, kThreads, 0, stream>>>(launch);
  return cudaGetLastError();
}

}  // namespace kilomark::cuda
