#pragma once

#include "cuda/plugin/crop_kernel.hpp"

namespace kilomark::cuda {

// Runs the crop kernel on the CPU: every thread of every block of the grid, one after another.
inline void emulate_launch(const CropLaunch& launch) {
  const GridSize grid = crop_grid(launch);
  ThreadIndex index{};
  for (index.block_z = 0; index.block_z < grid.z; ++index.block_z) {
    for (index.block_y = 0; index.block_y < grid.y; ++index.block_y) {
      for (index.block_x = 0; index.block_x < grid.x; ++index.block_x) {
        for (index.thread_y = 0; index.thread_y < kCropBlockHeight; ++index.thread_y) {
          for (index.thread_x = 0; index.thread_x < kCropBlockWidth; ++index.thread_x) {
            crop_thread(launch.items, launch.tensor, index);
          }
        }
      }
    }
  }
}

}  // namespace kilomark::cuda
