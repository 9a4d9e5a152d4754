#include "cuda/plugin/cuda_driver.hpp"

#include <cuda_runtime_api.h>

#include <cstring>

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
    }
    return code;
  }

  int current_device(int* device) final { return cudaGetDevice(device); }
  int set_device(int device) final { return cudaSetDevice(device); }

  int allocate(void** memory, std::size_t bytes) final { return cudaMalloc(memory, bytes); }
  int free(void* memory) final { return cudaFree(memory); }
  int allocate_pinned(void** memory, std::size_t bytes) final {
    return cudaHostAlloc(memory, bytes, cudaHostAllocDefault);
  }
  int free_pinned(void* memory) final { return cudaFreeHost(memory); }
  int copy(void* to, const void* from, std::size_t bytes, StreamHandle stream) final {
    return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream);
  }
  int clear(void* memory, std::size_t bytes, StreamHandle stream) final {
    return cudaMemsetAsync(memory, 0, bytes, stream);
  }
  int memory_device(const void* memory, int* device) final {
    cudaPointerAttributes attributes{};
    const cudaError_t code = cudaPointerGetAttributes(&attributes, memory);
    const bool on_device =
        attributes.type == cudaMemoryTypeDevice || attributes.type == cudaMemoryTypeManaged;
    *device = code == cudaSuccess && on_device ? attributes.device : -1;
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

  int create_event(EventHandle* event) final { return cudaEventCreate(event); }
  int destroy_event(EventHandle event) final { return cudaEventDestroy(event); }
  int record_event(EventHandle event, StreamHandle stream) final {
    return cudaEventRecord(event, stream);
  }
  int record_event_in_graph(EventHandle event, StreamHandle stream) final {
    return cudaEventRecordWithFlags(event, stream, cudaEventRecordExternal);
  }
  int synchronize_event(EventHandle event) final { return cudaEventSynchronize(event); }
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
  static CudaDriver driver;
  return driver;
}

}  // namespace kilomark::cuda
