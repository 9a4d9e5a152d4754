#include "cpu/crop_kernels.hpp"
#include "cpu/crop_kernels_neon.hpp"
#include "cpu/crop_kernels_x86.hpp"

namespace kilomark::cpu {

const CropKernels& best_kernels() {
#if defined(__x86_64__)
  static const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
  return kHasAvx2 ? avx2_kernels() : portable_kernels();
#elif defined(__aarch64__)
  return neon_kernels();  // every aarch64 processor has NEON
#else
  return portable_kernels();
#endif
}

}  // namespace kilomark::cpu
