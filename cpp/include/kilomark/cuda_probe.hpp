#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kilomark/api.hpp"

namespace kilomark {

// One NVIDIA GPU; `reason` says why it cannot be used, or is empty.
struct CudaDevice {
  int index = 0;
  std::string reason;
  std::string name;
  int compute_major = 0;
  int compute_minor = 0;
  std::uint64_t memory_bytes = 0;
};

// What there is of a GPU, its driver, TensorRT, and the plugin between them and this library.
// Empty strings where there is nothing.
struct CudaProbe {
  std::string reason;            // why no GPU can be used, or empty
  std::string plugin_path;       // libkilomark_cuda_trt<major>.so
  std::string driver_version;    // the newest CUDA that the driver runs: "13.0"
  std::string runtime_version;   // the CUDA that the plugin was built with
  std::string tensorrt_version;  // of the library, four parts: "10.14.1.48"
  std::string tensorrt_path;
  std::vector<CudaDevice> devices;
};

// Looks for the plugin, the driver, TensorRT and GPUs. `library_folders` are searched for
// libnvinfer before the system's folders. Says what is missing and throws nothing for it.
[[nodiscard]] KILOMARK_API CudaProbe cuda_probe(std::span<const std::string> library_folders = {});

}  // namespace kilomark
