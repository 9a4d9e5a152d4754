#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "cuda/plugin/device.hpp"
#include "cuda/plugin/handles.hpp"
#include "cuda/plugin/upload_plan.hpp"
#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

// What a call works with: a stream of its own, and memory for its frames.
struct CallResources {
  Stream stream;
  Memory pinned;   // where frames are staged
  Memory device;   // where they are uploaded to; none on a device that reads the host's memory
  Event produced;  // of the stream that writes a frame; made when the first comes
};

// The frames of one call, as the kernel reads them.
struct HeldFrames {
  std::vector<FrameView> frames;  // in memory that the device reads
  std::vector<PixelArea> areas;   // what of each is there
  std::unique_ptr<CallResources> resources;
  std::atomic<bool> is_pending = false;  // something may be on the stream that was not waited for

  [[nodiscard]] StreamHandle stream() const { return resources->stream.get(); }
};

// Brings frames to the device. Resources are kept and used again: as many as calls at once, each as
// large as the largest call that it served, so that the steady state allocates nothing.
//
// Threads: every method may be called from several threads at once; none waits for another's work.
class FrameStore {
 public:
  explicit FrameStore(Device& device) : device_(device) {}

  // Brings what `crops` read to the device, or all of the frames where there are none. The host's
  // pinned memory and the device's own are borrowed until the release.
  // Throws Error{kInvalidInput} for memory of another device.
  [[nodiscard]] std::unique_ptr<HeldFrames> hold(std::span<const FrameView> frames,
                                                 const KnownCrops& crops);
  void release(std::unique_ptr<HeldFrames> held) noexcept;
  // Frees what no call holds.
  void clear() noexcept;

 private:
  [[nodiscard]] std::unique_ptr<CallResources> take_resources();
  void bring(HeldFrames& held, const KnownCrops& crops);
  void check_device_memory(const std::uint8_t* memory, std::size_t index) const;
  void wait_for_producer(const FrameView& frame, CallResources& resources);
  void find_pinned(UploadPlan& plan) const;
  void upload(UploadPlan& plan, CallResources& resources);
  void map(UploadPlan& plan, CallResources& resources);

  Device& device_;
  std::mutex mutex_;  // of all below
  std::vector<std::unique_ptr<CallResources>> free_;
  std::size_t num_made_ = 0;
};

}  // namespace kilomark::cuda
