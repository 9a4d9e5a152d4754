#include <algorithm>
#include <memory>
#include <span>

#include "cuda/plugin_library.hpp"
#include "kilomark/cuda_probe.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

using cuda::Plugin;
using cuda::PluginProbe;

// 13000 is 13.0.
std::string cuda_version(int version) {
  return version == 0 ? "" : text(version / 1000, ".", version % 1000 / 10);
}

std::string dotted(std::span<const std::int32_t, 4> version) {
  return version[0] == 0 ? "" : text(version[0], ".", version[1], ".", version[2], ".", version[3]);
}

CudaProbe to_probe(const std::string& path, const PluginProbe& found) {
  CudaProbe probe;
  probe.reason = found.reason;
  probe.plugin_path = path;
  probe.driver_version = cuda_version(found.driver_version);
  probe.runtime_version = cuda_version(found.runtime_version);
  probe.tensorrt_version = dotted(found.tensorrt_version);
  probe.tensorrt_path = found.tensorrt_path;
  for (int i = 0; i < found.num_devices; ++i) {
    const cuda::ProbedDevice& device = found.devices[i];
    probe.devices.push_back({i, device.reason, device.name, device.compute_major,
                             device.compute_minor, device.memory_bytes});
  }
  return probe;
}

}  // namespace

CudaProbe cuda::probe_plugin(const Plugin& plugin, std::span<const std::string> folders) {
  if (plugin.api == nullptr) {
    CudaProbe probe;
    probe.reason = plugin.reason;
    probe.plugin_path = plugin.path;
    return probe;
  }
  std::vector<const char*> paths;
  for (const std::string& folder : folders) {
    paths.push_back(folder.c_str());
  }
  const auto found = std::make_unique<PluginProbe>();
  plugin.api->probe(paths.data(), paths.size(), found.get());
  return to_probe(plugin.path, *found);
}

CudaProbe cuda_probe(std::span<const std::string> library_folders) {
  CudaProbe best;
  std::string reasons;
  for (const Plugin& plugin : cuda::load_plugins()) {
    CudaProbe probe = cuda::probe_plugin(plugin, library_folders);
    if (probe.reason.empty()) {
      return probe;
    }
    reasons += text(reasons.empty() ? "" : "; ", probe.reason);
    // Of several that do not work, the one that found the most is worth showing.
    if (best.plugin_path.empty() || probe.tensorrt_version > best.tensorrt_version) {
      best = std::move(probe);
    }
  }
  best.reason = reasons;
  return best;
}

}  // namespace kilomark
