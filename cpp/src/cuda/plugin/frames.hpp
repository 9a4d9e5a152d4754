#pragma once

#include <memory>
#include <span>
#include <vector>

#include "cuda/plugin/device_queue.hpp"
#include "cuda/plugin/handles.hpp"
#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

// Memory for the host's frames of one call: where they are staged, and where they are uploaded to.
struct FrameBlock {
  Memory pinned;
  Memory device;
  Event uploaded;
};

// The frames of one call, as the kernel reads them.
struct HeldFrames {
  std::vector<FrameView> frames;      // in device memory
  std::unique_ptr<FrameBlock> block;  // of those that came from the host; null: none did
};

// Brings frames to the device. Blocks are kept and used again: as many as calls at once, each as
// large as the largest call that it served, so that the steady state allocates nothing.
class FrameStore {
 public:
  FrameStore(DeviceQueue& queue, int device) : queue_(queue), device_(device) {}

  // Throws Error{kInvalidInput} for device memory of another device.
  [[nodiscard]] std::unique_ptr<HeldFrames> hold(std::span<const FrameView> frames);
  void release(std::unique_ptr<HeldFrames> held) noexcept;

 private:
  [[nodiscard]] std::unique_ptr<FrameBlock> acquire(std::size_t bytes);
  void check_device_frame(const FrameView& frame, std::size_t index) const;
  void wait_for_producer(const FrameView& frame);

  DeviceQueue& queue_;
  int device_;
  Event produced_;
  std::vector<std::unique_ptr<FrameBlock>> free_;
  std::size_t blocks_made_ = 0;
};

}  // namespace kilomark::cuda
