#pragma once

#include <memory>
#include <span>
#include <vector>

#include "cuda/plugin/device.hpp"
#include "cuda/plugin/frames.hpp"
#include "cuda/plugin/network.hpp"
#include "cuda/plugin/tensorrt.hpp"
#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

// The networks of a detector on one device.
//
// Threads: every method may be called from several threads at once. Each call has a stream and
// memory for its frames; calls wait for one another only for a slot of a network.
struct Session {
 public:
  // Throws Error{kBundle, kInference}.
  Session(Driver& driver, std::unique_ptr<TensorRt> tensorrt, const SessionConfig& config);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // `crops` are all that will be cropped from the frames, or none where that is not known yet.
  [[nodiscard]] std::unique_ptr<HeldFrames> hold(std::span<const FrameView> frames,
                                                 const KnownCrops& crops);
  void release(std::unique_ptr<HeldFrames> held) noexcept;

  // Any number of crops, split to what the engine takes at once. Measures where `times` is not
  // null.
  void run(std::size_t network, HeldFrames& held, std::span<const CropRequest> crops,
           std::span<float* const> outputs, RunTimes* times);
  void infer(std::size_t network, std::span<const float> tensors, std::span<float* const> outputs);

  // Throws Error{kInvalidInput} if there is no such network.
  [[nodiscard]] Network& network(std::size_t index);

  // The stream that other libraries may be told to have their frames ready on.
  [[nodiscard]] StreamHandle input_stream() const { return device_.stream(); }

 private:
  std::unique_ptr<TensorRt> tensorrt_;
  Device device_;
  FrameStore frames_;
  std::vector<std::unique_ptr<Network>> networks_;
};

}  // namespace kilomark::cuda
