#pragma once

#include "cpu/crop_kernels.hpp"
#include "cpu/row_squares.hpp"

#if defined(__x86_64__)

// Each function asks for its machine instructions by itself: with a compiler flag for the file,
// inline functions of headers would be compiled for them too, and the linker might take those for
// machines without. FMA stays out; see resample.hpp.
#define KILOMARK_AVX2 __attribute__((target("avx2")))

namespace kilomark::cpu {

[[nodiscard]] const CropKernels& avx2_kernels();

// The parts of the kernels that lie in files of their own, or that both sets use.
void read_cells_avx2(const CellBytes& image, int count, Pixel* cells);

// make_taps() for `count` output pixels from (u, v) on.
KILOMARK_AVX2 void make_row_squares(const CellRows& cells, const ResamplePlan& plan, int u, int v,
                                    int count, RowSquares& squares);

}  // namespace kilomark::cpu

#endif  // __x86_64__
