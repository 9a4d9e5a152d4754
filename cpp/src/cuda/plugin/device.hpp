#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

#include "cuda/plugin/driver.hpp"
#include "cuda/plugin/handles.hpp"

namespace kilomark::cuda {

// The GPU of a session, and whether it still works.
//
// An error of CUDA may leave the GPU unusable for the process (an illegal address, say); the calls
// that follow then fail for a reason that is not theirs. So after every failure the device waits
// for the stream of the call. If that fails too, the device is broken and says so, with the first
// error, from then on.
//
// Threads: every method may be called from several threads at once.
class Device {
 public:
  Device(Driver& driver, int index);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // Runs `work`, which uses `stream` (null: none yet), on this device. Throws Error: that of
  // `work`, kInference if the device is broken, or kDevice if the thread's context is not the
  // runtime's.
  template <class Work>
  auto use(StreamHandle stream, const Work& work) {
    check_unbroken();
    try {
      const DeviceScope scope(driver_, index_);
      return work();
    } catch (const std::exception& error) {
      recover(stream, error.what());
      throw;
    }
  }

  // Runs `work`, which throws nothing, on this device if that can still be had.
  template <class Work>
  void use_last(const Work& work) noexcept {
    std::optional<DeviceScope> scope;
    try {
      scope.emplace(driver_, index_);
    } catch (const std::exception&) {  // broken: what is released is lost with the device
    }
    work();
  }

  void synchronize(StreamHandle stream) const;

  [[nodiscard]] Driver& driver() const { return driver_; }
  [[nodiscard]] int index() const { return index_; }
  [[nodiscard]] bool is_integrated() const { return is_integrated_; }

  // A stream of the session's own, for what belongs to no call: preparing networks, and waiting for
  // the frames of other libraries.
  [[nodiscard]] StreamHandle stream() const { return stream_.get(); }

 private:
  void check_unbroken() const;
  void recover(StreamHandle stream, const char* error) noexcept;

  Driver& driver_;
  int index_;
  bool is_integrated_ = false;
  Stream stream_;
  std::atomic<bool> is_broken_ = false;
  mutable std::mutex mutex_;  // of broken_by_
  std::string broken_by_;
};

}  // namespace kilomark::cuda
