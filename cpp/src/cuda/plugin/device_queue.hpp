#pragma once

#include <exception>
#include <mutex>
#include <optional>
#include <string>

#include "cuda/plugin/driver.hpp"
#include "cuda/plugin/handles.hpp"

namespace kilomark::cuda {

// The one stream of a session, and whose turn it is on it.
//
// An error of CUDA may leave the device unusable for the process (an illegal address, say); the
// calls that follow then fail for a reason that is not theirs. So after every failure the queue
// waits for the stream. If that fails too, the queue is broken and says so, with the first error,
// from then on.
class DeviceQueue {
 public:
  DeviceQueue(Driver& driver, int device);
  DeviceQueue(const DeviceQueue&) = delete;
  DeviceQueue& operator=(const DeviceQueue&) = delete;

  // Runs `work` alone, on the queue's device. Throws Error{kInference}: that of `work`, or that the
  // queue is broken.
  template <class Work>
  auto in_turn(const Work& work) {
    const std::scoped_lock lock(mutex_);
    check_unbroken();
    try {
      const DeviceScope scope(driver_, device_);
      return work();
    } catch (const std::exception& error) {
      recover(error.what());
      throw;
    }
  }

  // Runs `work`, which throws nothing, alone; on the queue's device if that can still be had.
  template <class Work>
  void in_last_turn(const Work& work) noexcept {
    const std::scoped_lock lock(mutex_);
    std::optional<DeviceScope> scope;
    try {
      scope.emplace(driver_, device_);
    } catch (const std::exception&) {  // broken: what is released is lost with the device
    }
    work();
  }

  // To be called in turn.
  void synchronize();

  [[nodiscard]] Driver& driver() const { return driver_; }
  [[nodiscard]] StreamHandle stream() const { return stream_.get(); }

 private:
  void check_unbroken() const;
  void recover(const char* error) noexcept;

  Driver& driver_;
  int device_;
  std::mutex mutex_;
  Stream stream_;
  bool is_broken_ = false;
  std::string broken_by_;
};

}  // namespace kilomark::cuda
