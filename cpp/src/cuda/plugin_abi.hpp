#pragma once

// The C ABI between the core and libkilomark_cuda_trt<major>.so. Plain structs and function
// pointers only: no exception, no C++ object and no allocation crosses it.
//
// Every function that returns Status reports a failure through last_error(), per thread. Strings in
// structs are zero-terminated and cut where they do not fit.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kilomark/resample.hpp"

namespace kilomark::cuda {

// Raised whenever anything in this file, or ResamplePlan, changes.
inline constexpr std::uint32_t kAbiVersion = 2;

inline constexpr std::size_t kMaxProbedDevices = 16;

// kOk, or 1 + an ErrorCode.
using Status = std::int32_t;
inline constexpr Status kOk = 0;

// Why something is missing, or "" if it is there.
struct ProbedDevice {
  char reason[512];
  char name[256];
  std::int32_t compute_major;
  std::int32_t compute_minor;
  std::uint64_t memory_bytes;
};

struct PluginProbe {
  char reason[1024];  // why no device can be used, or "" if one can
  char tensorrt_path[1024];
  std::int32_t driver_version;   // the newest CUDA that the driver runs, 13000 for 13.0; 0: none
  std::int32_t runtime_version;  // the CUDA that the plugin was built with
  std::int32_t tensorrt_version[4];  // of the library that was found; zeros: none
  std::int32_t num_devices;
  ProbedDevice devices[kMaxProbedDevices];
};

enum class LogLevel : std::int32_t { kError = 0, kWarning = 1, kInfo = 2, kDebug = 3 };
using LogCallback = void (*)(LogLevel level, const char* message);

// Where the pixels of a frame lie.
enum class FrameMemory : std::int32_t { kHost = 0, kDevice = 1 };

enum class FrameFormat : std::int32_t {
  kPacked = 0,  // `channels` bytes to a pixel
  kNv12Bt601 = 1,
  kNv12Bt709 = 2,
};

struct FrameView {
  const std::uint8_t* pixels;  // of NV12 the luma
  const std::uint8_t* chroma;  // of NV12, else null
  std::int64_t row_stride_bytes;
  std::int64_t chroma_stride_bytes;
  std::int32_t width;
  std::int32_t height;
  std::int32_t channels;
  FrameFormat format;
  FrameMemory memory;
  std::uint64_t stream;  // of device memory: where its pixels are written, as a handle; 0: all done
};

struct CropRequest {
  std::uint64_t frame;
  ResamplePlan plan;
};

struct OutputConfig {
  const char* name;
  std::uint64_t num_floats;  // per item of the batch
};

struct NetworkConfig {
  const char* name;  // for messages
  const void* plan;
  std::uint64_t plan_bytes;
  std::int32_t width;
  std::int32_t height;
  const OutputConfig* outputs;
  std::uint64_t num_outputs;
};

struct SessionConfig {
  std::int32_t device;
  std::int32_t max_batch;
  std::int32_t use_graphs;
  std::int32_t num_slots;  // calls that run a network at the same time
  const NetworkConfig* networks;
  std::uint64_t num_networks;
};

struct RunTimes {
  double crop_ms;
  double infer_ms;
};

struct Session;     // networks on a device; used by several threads at once
struct HeldFrames;  // frames that a session can read

struct PluginApi {
  std::uint32_t abi_version;
  std::int32_t tensorrt_major;

  const char* (*last_error)();
  void (*set_logger)(LogCallback callback);

  // `folders` are searched for libnvinfer before the system's. Never fails: what is missing is said
  // in the probe.
  void (*probe)(const char* const* folders, std::uint64_t num_folders, PluginProbe* probe);

  Status (*create_session)(const SessionConfig* config, Session** session);
  void (*destroy_session)(Session* session);

  // Uploads what is in host memory: where `knows_crops`, what `crops` read, which are all that will
  // be run; else all of it. Memory of the device and pinned memory are borrowed until the release.
  Status (*hold_frames)(Session* session, const FrameView* frames, std::uint64_t num_frames,
                        const CropRequest* crops, std::uint64_t num_crops, std::int32_t knows_crops,
                        HeldFrames** held);
  void (*release_frames)(Session* session, HeldFrames* held);

  // Crops, runs the network, and writes its outputs; returns when all is done. `times` may be null;
  // else the times of the batches are added to it.
  Status (*run)(Session* session, std::uint64_t network, HeldFrames* held, const CropRequest* crops,
                std::uint64_t num_crops, float* const* outputs, RunTimes* times);

  // The same for tensors (num_items, 3, height, width) in host memory, normalized already.
  Status (*infer)(Session* session, std::uint64_t network, const float* tensors,
                  std::uint64_t num_items, float* const* outputs);

  // The CUDA stream, as a number, on which other libraries may have their frames ready.
  std::uint64_t (*input_stream)(Session* session);
};

static_assert(std::is_standard_layout_v<CropRequest> && std::is_trivially_copyable_v<CropRequest>);

// What a plugin exports. The table is of kAbiVersion; ask for the version first.
inline constexpr const char* kAbiVersionSymbol = "kilomark_cuda_abi_version";
inline constexpr const char* kPluginApiSymbol = "kilomark_cuda_plugin_api";
using AbiVersionFunction = std::uint32_t (*)();
using PluginApiFunction = const PluginApi* (*)();

}  // namespace kilomark::cuda
