#include "cuda/plugin/crop_kernel.hpp"
#include "cuda/plugin/launch_crops.hpp"

namespace kilomark::cuda {

namespace {

__global__ void __launch_bounds__(kCropBlockWidth* kCropBlockHeight)
    crop_kernel(const CropLaunch launch) {
  crop_thread(launch, {blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y});
}

}  // namespace

cudaError_t launch_crops(const CropLaunch& launch, cudaStream_t stream) {
  const GridSize grid = crop_grid(launch);
  const dim3 blocks(grid.x, grid.y, grid.z);
  const dim3 threads(kCropBlockWidth, kCropBlockHeight);
  crop_kernel<<<blocks, threads, 0, stream>>>(launch);
  return cudaGetLastError();
}

}  // namespace kilomark::cuda
