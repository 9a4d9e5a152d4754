#include "cuda/plugin/context_check.hpp"

#include <cuda.h>
#include <cuda_runtime_api.h>

namespace kilomark::cuda {

namespace {

// The driver's functions, asked of the runtime: libcuda is not linked.
template <class Function>
Function find_function(const char* name) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
  constexpr unsigned kCuda12 = 12000;
  if (cudaGetDriverEntryPointByVersion(name, &function, kCuda12, cudaEnableDefault, &found) !=
          cudaSuccess ||
      found != cudaDriverEntryPointSuccess) {
    (void)cudaGetLastError();
    return nullptr;
  }
  return reinterpret_cast<Function>(function);
}

struct ContextFunctions {
  CUresult (*get_current)(CUcontext*) = find_function<CUresult (*)(CUcontext*)>("cuCtxGetCurrent");
  CUresult (*get_device)(CUdevice*) = find_function<CUresult (*)(CUdevice*)>("cuCtxGetDevice");
  CUresult (*primary_state)(CUdevice, unsigned*, int*) =
      find_function<CUresult (*)(CUdevice, unsigned*, int*)>("cuDevicePrimaryCtxGetState");
  CUresult (*retain_primary)(CUcontext*, CUdevice) =
      find_function<CUresult (*)(CUcontext*, CUdevice)>("cuDevicePrimaryCtxRetain");
  CUresult (*release_primary)(CUdevice) =
      find_function<CUresult (*)(CUdevice)>("cuDevicePrimaryCtxRelease");

  [[nodiscard]] bool is_complete() const {
    return get_current != nullptr && get_device != nullptr && primary_state != nullptr &&
           retain_primary != nullptr && release_primary != nullptr;
  }
};

bool is_primary(const ContextFunctions& cuda, CUcontext context) {
  CUdevice device = 0;
  unsigned flags = 0;
  int is_active = 0;
  if (cuda.get_device(&device) != CUDA_SUCCESS ||
      cuda.primary_state(device, &flags, &is_active) != CUDA_SUCCESS) {
    return true;  // cannot be told: the runtime's own calls will say what is wrong
  }
  CUcontext primary = nullptr;
  if (is_active == 0 || cuda.retain_primary(&primary, device) != CUDA_SUCCESS) {
    return false;
  }
  (void)cuda.release_primary(device);
  return primary == context;
}

}  // namespace

bool uses_primary_context() {
  static const ContextFunctions cuda;
  thread_local CUcontext last_primary = nullptr;
  CUcontext current = nullptr;
  if (!cuda.is_complete() || cuda.get_current(&current) != CUDA_SUCCESS || current == nullptr ||
      current == last_primary) {
    return true;
  }
  if (!is_primary(cuda, current)) {
    return false;
  }
  last_primary = current;
  return true;
}

}  // namespace kilomark::cuda
