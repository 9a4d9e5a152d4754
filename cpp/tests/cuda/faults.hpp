#pragma once

#include <atomic>
#include <mutex>
#include <string>

namespace kilomark::cuda {

// Lets one call of the fake driver or the fake TensorRT fail, and all after it if it breaks the
// device.
class Faults {
 public:
  static constexpr int kBrokenDevice = 700;  // cudaErrorIllegalAddress

  // The call number `call` from now on fails, counted from 0.
  void arm(int call, int code, bool breaks_device) {
    const std::scoped_lock lock(mutex_);
    countdown_ = call;
    code_ = code;
    breaks_device_ = breaks_device;
    failed_call_.clear();
  }
  void disarm() {
    const std::scoped_lock lock(mutex_);
    countdown_ = -1;
  }

  // 0, or the code that this call fails with.
  int next(const std::string& call) {
    const std::scoped_lock lock(mutex_);
    if (is_device_broken_) {
      return kBrokenDevice;
    }
    if (countdown_ < 0 || countdown_-- > 0) {
      return 0;
    }
    failed_call_ = call;
    is_device_broken_ = breaks_device_;
    return code_;
  }

  [[nodiscard]] const std::string& failed_call() const { return failed_call_; }  // "" if none

 private:
  std::mutex mutex_;
  int countdown_ = -1;
  int code_ = 0;
  bool breaks_device_ = false;
  bool is_device_broken_ = false;
  std::string failed_call_;
};

}  // namespace kilomark::cuda
