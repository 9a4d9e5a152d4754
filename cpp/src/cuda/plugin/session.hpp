#pragma once

#include <memory>
#include <span>
#include <vector>

#include "cuda/plugin/device_queue.hpp"
#include "cuda/plugin/frames.hpp"
#include "cuda/plugin/network_runner.hpp"
#include "cuda/plugin/tensorrt.hpp"
#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

// The networks of a detector on one device: one stream, on which threads take turns batch by batch.
struct Session {
 public:
  // Throws Error{kBundle, kInference}.
  Session(Driver& driver, std::unique_ptr<TensorRt> tensorrt, const SessionConfig& config);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  [[nodiscard]] std::unique_ptr<HeldFrames> hold(std::span<const FrameView> frames);
  void release(std::unique_ptr<HeldFrames> held) noexcept;

  // Any number of crops, split to what the engine takes at once.
  RunTimes run(std::size_t network, const HeldFrames& held, std::span<const CropRequest> crops,
               std::span<float* const> outputs);
  void infer(std::size_t network, std::span<const float> tensors, std::span<float* const> outputs);

  // Throws Error{kInvalidInput} if there is no such network.
  [[nodiscard]] NetworkRunner& network(std::size_t index);

 private:
  std::unique_ptr<TensorRt> tensorrt_;
  DeviceQueue queue_;
  FrameStore frames_;
  std::vector<std::unique_ptr<NetworkRunner>> networks_;
};

}  // namespace kilomark::cuda
