#include "cuda/plugin/cuda_driver.hpp"

#include <cuda_runtime_api.h>

#include <cstring>
#include <memory>

#include "cuda/plugin/context_check.hpp"
#include "cuda/plugin/launch_crops.hpp"

namespace kilomark::cuda {

namespace {

class CudaDriver final : public Driver {
 public:
  int driver_version(int* version) final { return cudaDriverGetVersion(version); }
  int runtime_version(int* version) final { return cudaRuntimeGetVersion(version); }
  int device_count(int* count) final { return cudaGetDeviceCount(count); }

  int device_info(int device, DeviceInfo* info) final {
    cudaDeviceProp properties{};
    const cudaError_t code = cudaGetDeviceProperties(&properties, device);
    if (code == cudaSuccess) {
      static_assert(sizeof(info->name) <= sizeof(properties.name));
      std::memcpy(info->name, properties.name, sizeof(info->name));
      info->name[sizeof(info->name) - 1] = '\0';
      info->compute_major = properties.major;
      info->compute_minor = properties.minor;
      info->memory_bytes = properties.totalGlobalMem;
      info->is_integrated = properties.integrated != 0;
    }
    return code;
  }

  int current_device(int* device) final { return cudaGetDevice(device); }
  int set_device(int device) final { return cudaSetDevice(device); }
  int has_foreign_context(bool* is_foreign) final {
    *is_foreign = !uses_primary_context();
    return kCudaSuccess;
  }

  int allocate(void** memory, std::size_t bytes) final { return cudaMalloc(memory, bytes); }
  int free(void* memory) final { return cudaFree(memory); }
  int allocate_pinned(void** memory, std::size_t bytes) final {
    return cudaHostAlloc(memory, bytes, cudaHostAllocMapped);
  }
  int free_pinned(void* memory) final { return cudaFreeHost(memory); }
  int device_address(void** device, const void* pinned) final {
    return cudaHostGetDevicePointer(device, const_cast<void*>(pinned), 0);
  }
  int copy(void* to, const void* from, std::size_t bytes, StreamHandle stream) final {
    return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream);
  }
  int copy_rows(void* to, std::size_t to_stride, const void* from, std::size_t from_stride,
                std::size_t row_bytes, std::size_t rows, StreamHandle stream) final {
    return cudaMemcpy2DAsync(to, to_stride, from, from_stride, row_bytes, rows, cudaMemcpyDefault,
                             stream);
  }
  int clear(void* memory, std::size_t bytes, StreamHandle stream) final {
    return cudaMemsetAsync(memory, 0, bytes, stream);
  }
  int memory_info(const void* memory, MemoryInfo* info) final {
    cudaPointerAttributes attributes{};
    const cudaError_t code = cudaPointerGetAttributes(&attributes, memory);
    *info = {};
    if (code != cudaSuccess) {
      return code;
    }
    info->on_device = attributes.devicePointer;
    if (attributes.type == cudaMemoryTypeHost) {
      info->kind = MemoryKind::kPinned;
    } else if (attributes.type == cudaMemoryTypeDevice ||
               attributes.type == cudaMemoryTypeManaged) {
      info->kind = MemoryKind::kDevice;
      info->device = attributes.device;
    }
    return code;
  }

  int create_stream(StreamHandle* stream) final {
    return cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking);
  }
  int destroy_stream(StreamHandle stream) final { return cudaStreamDestroy(stream); }
  int synchronize(StreamHandle stream) final { return cudaStreamSynchronize(stream); }
  int wait_event(StreamHandle stream, EventHandle event) final {
    return cudaStreamWaitEvent(stream, event, 0);
  }

  int create_event(EventHandle* event, bool is_timed) final {
    return cudaEventCreateWithFlags(event, is_timed ? cudaEventDefault : cudaEventDisableTiming);
  }
  int destroy_event(EventHandle event) final { return cudaEventDestroy(event); }
  int record_event(EventHandle event, StreamHandle stream) final {
    return cudaEventRecord(event, stream);
  }
  int elapsed_ms(float* ms, EventHandle start, EventHandle end) final {
    return cudaEventElapsedTime(ms, start, end);
  }

  int begin_capture(StreamHandle stream) final {
    return cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  }
  int end_capture(StreamHandle stream, GraphHandle* graph) final {
    return cudaStreamEndCapture(stream, graph);
  }
  int instantiate(GraphExecHandle* exec, GraphHandle graph) final {
    return cudaGraphInstantiateWithFlags(exec, graph, 0);
  }
  int destroy_graph(GraphHandle graph) final { return cudaGraphDestroy(graph); }
  int destroy_exec(GraphExecHandle exec) final { return cudaGraphExecDestroy(exec); }
  int upload_graph(GraphExecHandle exec, StreamHandle stream) final {
    return cudaGraphUpload(exec, stream);
  }
  int launch_graph(GraphExecHandle exec, StreamHandle stream) final {
    return cudaGraphLaunch(exec, stream);
  }

  int launch_crops(const CropLaunch& launch, StreamHandle stream) final {
    return cuda::launch_crops(launch, stream);
  }

  int take_last_error() final { return cudaGetLastError(); }
  const char* error_name(int code) final {
    return cudaGetErrorName(static_cast<cudaError_t>(code));
  }
  const char* error_message(int code) final {
    return cudaGetErrorString(static_cast<cudaError_t>(code));
  }
};

}  // namespace

Driver& cuda_driver() {
  // Never destroyed: sessions may outlive this library's other statics when a process ends.
  static CudaDriver& driver = *std::make_unique<CudaDriver>().release();
  return driver;
}

}  // namespace kilomark::cuda
