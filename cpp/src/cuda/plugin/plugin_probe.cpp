#include "cuda/plugin/plugin_probe.hpp"

#include <algorithm>
#include <cstring>

#include "text.hpp"

namespace kilomark::cuda {

namespace {

// Of the architectures that the plugin is compiled for; the oldest that TensorRT 10 runs on.
constexpr int kOldestMajor = 7;
constexpr int kOldestMinor = 5;

template <std::size_t size>
void copy_text(const std::string& from, char (&to)[size]) {
  const std::size_t length = std::min(from.size(), size - 1);
  std::memcpy(to, from.data(), length);
  to[length] = '\0';
}

std::string cuda_error(Driver& driver, int code) {
  return text(driver.error_name(code), " (", code, "): ", driver.error_message(code));
}

std::string cuda_version(int version) { return text(version / 1000, ".", version % 1000 / 10); }

void fill_device(Driver& driver, int index, ProbedDevice& device) {
  DeviceInfo info;
  if (const int code = driver.device_info(index, &info); code != kCudaSuccess) {
    (void)driver.take_last_error();
    copy_text(text("cudaGetDeviceProperties failed: ", cuda_error(driver, code)), device.reason);
    return;
  }
  copy_text(info.name, device.name);
  device.compute_major = info.compute_major;
  device.compute_minor = info.compute_minor;
  device.memory_bytes = info.memory_bytes;
  if (info.compute_major * 10 + info.compute_minor < kOldestMajor * 10 + kOldestMinor) {
    copy_text(
        text(info.name, " has compute capability ", info.compute_major, ".", info.compute_minor,
             "; the oldest that can be used is ", kOldestMajor, ".", kOldestMinor),
        device.reason);
  }
}

}  // namespace

std::string why_no_device(Driver& driver, int* count) {
  *count = 0;
  int driver_version = 0;
  int runtime_version = 0;
  (void)driver.driver_version(&driver_version);
  (void)driver.runtime_version(&runtime_version);
  const int code = driver.device_count(count);
  if (code == kCudaSuccess && *count > 0) {
    return "";
  }
  (void)driver.take_last_error();
  *count = 0;
  if (driver_version == 0) {
    return "there is no NVIDIA driver";
  }
  if (code == kCudaSuccess) {
    return "the driver finds no GPU";
  }
  return text("the driver runs CUDA up to ", cuda_version(driver_version), ", this plugin needs ",
              cuda_version(runtime_version), ": ", cuda_error(driver, code));
}

void fill_probe(Driver& driver, const NvinferLibrary& nvinfer, PluginProbe& probe) {
  probe = {};
  int count = 0;
  std::string reason = why_no_device(driver, &count);
  (void)driver.driver_version(&probe.driver_version);
  (void)driver.runtime_version(&probe.runtime_version);
  probe.num_devices = std::min(count, static_cast<int>(kMaxProbedDevices));
  for (int i = 0; i < probe.num_devices; ++i) {
    fill_device(driver, i, probe.devices[i]);
  }
  std::ranges::copy(nvinfer.version, probe.tensorrt_version);
  copy_text(nvinfer.path, probe.tensorrt_path);
  if (nvinfer.handle == nullptr) {
    reason += text(reason.empty() ? "" : "; ", nvinfer.reason);
  }
  copy_text(reason, probe.reason);
}

}  // namespace kilomark::cuda
