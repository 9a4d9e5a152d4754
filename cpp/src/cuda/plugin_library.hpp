#pragma once

#include <span>
#include <string>
#include <vector>

#include "cuda/plugin_abi.hpp"
#include "kilomark/cuda_probe.hpp"

namespace kilomark::cuda {

// A plugin that was looked for: its table, or the reason why there is none. Plugins stay loaded for
// the life of the process: CUDA and TensorRT do not survive being unloaded.
struct Plugin {
  std::string path;
  std::string reason;
  const PluginApi* api = nullptr;
};

// The plugins beside this library, for the newest TensorRT first; or the one that the environment
// variable KILOMARK_CUDA_PLUGIN names. At least one entry. Each file is loaded once.
[[nodiscard]] std::vector<Plugin> load_plugins();

// What one plugin finds; see cuda_probe().
[[nodiscard]] CudaProbe probe_plugin(const Plugin& plugin, std::span<const std::string> folders);

}  // namespace kilomark::cuda
