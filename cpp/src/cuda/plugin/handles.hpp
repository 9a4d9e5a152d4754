#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "cuda/plugin/cuda_errors.hpp"
#include "cuda/plugin/driver.hpp"

namespace kilomark::cuda {

// One of the driver's handles, with its one owner. Destroying cannot report an error: after a
// failure that breaks the device, every call fails, and nothing can be done about it here.
template <class T>
class Handle {
 public:
  using Destroy = int (Driver::*)(T);

  Handle() = default;
  Handle(Driver& driver, T value, Destroy destroy)
      : driver_(&driver), value_(value), destroy_(destroy) {}
  Handle(Handle&& other) noexcept
      : driver_(other.driver_),
        value_(std::exchange(other.value_, nullptr)),
        destroy_(other.destroy_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(driver_, other.driver_);
    std::swap(value_, other.value_);
    std::swap(destroy_, other.destroy_);
    return *this;
  }
  ~Handle() {
    if (value_ != nullptr && (driver_->*destroy_)(value_) != kCudaSuccess) {
      (void)driver_->take_last_error();
    }
  }

  [[nodiscard]] T get() const { return value_; }
  explicit operator bool() const { return value_ != nullptr; }

 private:
  Driver* driver_ = nullptr;
  T value_ = nullptr;
  Destroy destroy_ = nullptr;
};

using Stream = Handle<StreamHandle>;
using Event = Handle<EventHandle>;
using Graph = Handle<GraphHandle>;
using GraphExec = Handle<GraphExecHandle>;

[[nodiscard]] Stream make_stream(Driver& driver);
[[nodiscard]] Event make_event(Driver& driver, bool is_timed);

// Memory of the device, or pinned memory of the host that the device reads and writes too; of 0
// bytes there is none.
class Memory {
 public:
  enum class Kind { kDevice, kPinned };

  Memory() = default;
  Memory(Driver& driver, Kind kind, std::size_t bytes, std::string_view subject);

  [[nodiscard]] void* get() const { return handle_.get(); }
  // Where the device finds it.
  [[nodiscard]] void* on_device() const { return on_device_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  template <class T>
  [[nodiscard]] T* as() const {
    return static_cast<T*>(handle_.get());
  }

 private:
  Handle<void*> handle_;
  void* on_device_ = nullptr;
  std::size_t bytes_ = 0;
};

// Makes a device the calling thread's, and gives the thread its own one back.
class DeviceScope {
 public:
  // Throws Error{kDevice} if the thread has a context that the CUDA runtime does not use.
  DeviceScope(Driver& driver, int device);
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;
  ~DeviceScope();

 private:
  Driver& driver_;
  int previous_ = 0;
  bool changed_ = false;
};

}  // namespace kilomark::cuda
