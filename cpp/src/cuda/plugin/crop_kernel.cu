#include <algorithm>

#include "cuda/plugin/crop_kernel.hpp"
#include "cuda/plugin/launch_crops.hpp"

namespace kilomark::cuda {

namespace {

template <int size>
struct CropParameters {
  CropTensor tensor;
  CropItem items[size];
};

static_assert(sizeof(CropParameters<kMaxCropsPerLaunch>) <= 4096);

template <int size>
__global__ void __launch_bounds__(kCropBlockWidth* kCropBlockHeight)
    crop_kernel(const __grid_constant__ CropParameters<size> parameters) {
  crop_thread(parameters.items, parameters.tensor,
              {blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y});
}

template <int size>
void launch_with(const CropLaunch& launch, cudaStream_t stream) {
  const GridSize grid = crop_grid(launch);
  const dim3 blocks(grid.x, grid.y, grid.z);
  const dim3 threads(kCropBlockWidth, kCropBlockHeight);
  CropParameters<size> parameters;
  parameters.tensor = launch.tensor;
  std::copy_n(launch.items, launch.num_crops, parameters.items);
  crop_kernel<size><<<blocks, threads, 0, stream>>>(parameters);
}

}  // namespace

cudaError_t launch_crops(const CropLaunch& launch, cudaStream_t stream) {
  if (launch.num_crops == 1) {  // most calls; fewer parameters are launched faster
    launch_with<1>(launch, stream);
  } else {
    launch_with<kMaxCropsPerLaunch>(launch, stream);
  }
  return cudaGetLastError();
}

}  // namespace kilomark::cuda
