#pragma once

#include "cpu/crop_kernels.hpp"

#if defined(__aarch64__)

namespace kilomark::cpu {

[[nodiscard]] const CropKernels& neon_kernels();

// Part of these kernels, in a file of its own.
void read_cells_neon(const CellBytes& image, int count, Pixel* cells);

}  // namespace kilomark::cpu

#endif  // __aarch64__
