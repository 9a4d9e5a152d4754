#pragma once

// The calls of the CUDA runtime that the plugin makes, and no others: the seam at which tests put a
// driver of their own. Each function is the call of cuda_runtime_api.h that its comment names and
// returns its cudaError_t, 0 for success.

#include <cstddef>
#include <cstdint>

#include "cuda/plugin/crop_kernel.hpp"

// Of cuda_runtime_api.h: cudaStream_t, cudaEvent_t, cudaGraph_t and cudaGraphExec_t point to these.
struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;

namespace kilomark::cuda {

using StreamHandle = CUstream_st*;
using EventHandle = CUevent_st*;
using GraphHandle = CUgraph_st*;
using GraphExecHandle = CUgraphExec_st*;

inline constexpr int kCudaSuccess = 0;
inline constexpr int kCudaOutOfMemory = 2;
inline constexpr int kCudaUnloading = 4;  // cudaErrorCudartUnloading: the process is ending

struct DeviceInfo {
  char name[256] = {};
  int compute_major = 0;
  int compute_minor = 0;
  std::uint64_t memory_bytes = 0;
  bool is_integrated = false;  // shares its memory with the CPU, as a Jetson does
};

// Where an address points to. Managed memory counts as the device's.
enum class MemoryKind { kPageable, kPinned, kDevice };
struct MemoryInfo {
  MemoryKind kind = MemoryKind::kPageable;
  int device = -1;                  // of kDevice
  const void* on_device = nullptr;  // the address for the device; null: it cannot read it
};

class Driver {
 public:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  virtual ~Driver() = default;

  virtual int driver_version(int* version) = 0;               // cudaDriverGetVersion
  virtual int runtime_version(int* version) = 0;              // cudaRuntimeGetVersion
  virtual int device_count(int* count) = 0;                   // cudaGetDeviceCount
  virtual int device_info(int device, DeviceInfo* info) = 0;  // cudaGetDeviceProperties
  virtual int current_device(int* device) = 0;                // cudaGetDevice
  virtual int set_device(int device) = 0;                     // cudaSetDevice
  // cuCtxGetCurrent: whether this thread's context is one that the CUDA runtime does not use, so
  // that the runtime's calls would go astray.
  virtual int has_foreign_context(bool* is_foreign) = 0;

  virtual int allocate(void** memory, std::size_t bytes) = 0;  // cudaMalloc
  virtual int free(void* memory) = 0;                          // cudaFree
  // cudaHostAlloc, cudaHostAllocMapped: memory of the host that the device reads and writes too.
  virtual int allocate_pinned(void** memory, std::size_t bytes) = 0;
  virtual int free_pinned(void* memory) = 0;  // cudaFreeHost
  // cudaHostGetDevicePointer: the address of pinned memory for the device.
  virtual int device_address(void** device, const void* pinned) = 0;
  virtual int copy(void* to, const void* from, std::size_t bytes,
                   StreamHandle stream) = 0;  // cudaMemcpyAsync, cudaMemcpyDefault
  // cudaMemcpy2DAsync, cudaMemcpyDefault.
  virtual int copy_rows(void* to, std::size_t to_stride, const void* from, std::size_t from_stride,
                        std::size_t row_bytes, std::size_t rows, StreamHandle stream) = 0;
  virtual int clear(void* memory, std::size_t bytes, StreamHandle stream) = 0;  // cudaMemsetAsync
  virtual int memory_info(const void* memory, MemoryInfo* info) = 0;  // cudaPointerGetAttributes

  virtual int create_stream(StreamHandle* stream) = 0;  // cudaStreamCreateWithFlags, non-blocking
  virtual int destroy_stream(StreamHandle stream) = 0;  // cudaStreamDestroy
  virtual int synchronize(StreamHandle stream) = 0;     // cudaStreamSynchronize
  virtual int wait_event(StreamHandle stream, EventHandle event) = 0;  // cudaStreamWaitEvent

  // cudaEventCreateWithFlags; an event that is not timed has cudaEventDisableTiming.
  virtual int create_event(EventHandle* event, bool is_timed) = 0;
  virtual int destroy_event(EventHandle event) = 0;                      // cudaEventDestroy
  virtual int record_event(EventHandle event, StreamHandle stream) = 0;  // cudaEventRecord
  virtual int elapsed_ms(float* ms, EventHandle start,
                         EventHandle end) = 0;  // cudaEventElapsedTime

  virtual int begin_capture(StreamHandle stream) = 0;  // cudaStreamBeginCapture, thread-local
  virtual int end_capture(StreamHandle stream, GraphHandle* graph) = 0;     // cudaStreamEndCapture
  virtual int instantiate(GraphExecHandle* exec, GraphHandle graph) = 0;    // cudaGraphInstantiate
  virtual int destroy_graph(GraphHandle graph) = 0;                         // cudaGraphDestroy
  virtual int destroy_exec(GraphExecHandle exec) = 0;                       // cudaGraphExecDestroy
  virtual int upload_graph(GraphExecHandle exec, StreamHandle stream) = 0;  // cudaGraphUpload
  virtual int launch_graph(GraphExecHandle exec, StreamHandle stream) = 0;  // cudaGraphLaunch

  // The crop kernel, then cudaGetLastError. The items are copied into the launch.
  virtual int launch_crops(const CropLaunch& launch, StreamHandle stream) = 0;

  virtual int take_last_error() = 0;                // cudaGetLastError
  virtual const char* error_name(int code) = 0;     // cudaGetErrorName
  virtual const char* error_message(int code) = 0;  // cudaGetErrorString
};

}  // namespace kilomark::cuda
