#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cuda/plugin_library.hpp"
#include "kilomark/backend.hpp"

namespace kilomark::cuda {

// The networks on an NVIDIA GPU, by way of the plugin. The models are TensorRT's serialized
// engines.
class CudaBackend final : public Backend {
 public:
  // `device` is "cuda" or "cuda:<number>". Throws Error{kDevice} with the reason if it cannot be
  // used, Error{kBundle} if an engine is not what its description says.
  CudaBackend(std::span<const NetworkSpec> networks, const BackendOptions& options);

  [[nodiscard]] std::string_view device() const noexcept final { return device_; }
  [[nodiscard]] std::unique_ptr<HeldImages> hold(std::span<const ImageView> images,
                                                 const HoldOptions& options) final;
  [[nodiscard]] std::uint64_t input_stream() const noexcept final;
  BatchTimes run(std::size_t network, const HeldImages& images, std::span<const CropTask> tasks,
                 std::span<const std::span<float>> outputs) final;
  void infer(std::size_t network, std::span<const float> tensors,
             std::span<const std::span<float>> outputs) final;

 private:
  std::string device_;
  const PluginApi* api_ = nullptr;
  std::vector<NetworkInput> inputs_;
  std::shared_ptr<Session> session_;  // images that are held keep it alive
};

// The number of a device that is called "cuda" or "cuda:<number>", or -1.
[[nodiscard]] int cuda_index(std::string_view device);

// "cuda", "cuda:1" ...: what can be used here.
[[nodiscard]] std::vector<std::string> cuda_devices();

}  // namespace kilomark::cuda
