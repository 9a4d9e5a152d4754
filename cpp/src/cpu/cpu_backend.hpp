#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cpu/openvino_session.hpp"
#include "kilomark/backend.hpp"

namespace kilomark::cpu {

// Crops on the calling thread and runs the networks with OpenVINO. Threads that call at once crop
// side by side and take turns on OpenVINO's threads.
class CpuBackend final : public Backend {
 public:
  CpuBackend(std::span<const NetworkSpec> networks, const BackendOptions& options);
  ~CpuBackend() final;

  [[nodiscard]] std::string_view device() const noexcept final { return "cpu"; }
  [[nodiscard]] std::unique_ptr<HeldImages> hold(std::span<const ImageView> images,
                                                 const HoldOptions& options) final;
  [[nodiscard]] bool is_resizable(std::size_t network) const final;
  BatchTimes run(std::size_t network, const HeldImages& images, std::span<const CropTask> tasks,
                 std::span<const std::span<float>> outputs) final;
  void infer(std::size_t network, std::span<const float> tensors,
             std::span<const std::span<float>> outputs) final;

 private:
  struct Network {
    NetworkInput input;
    bool is_resizable;
    OpenvinoSession session;
  };

  // Throws Error{kInference} in a process that was forked after the networks were loaded: the
  // threads that run them are not in it.
  [[nodiscard]] Network& network(std::size_t index) const;

  std::int64_t process_;
  std::vector<std::unique_ptr<Network>> networks_;
};

}  // namespace kilomark::cpu
