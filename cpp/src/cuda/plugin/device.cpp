#include "cuda/plugin/device.hpp"

#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::cuda {

Device::Device(Driver& driver, int index) : driver_(driver), index_(index) {
  const DeviceScope scope(driver, index);
  DeviceInfo info;
  check_cuda(driver, driver.device_info(index, &info), "cudaGetDeviceProperties", "a session");
  is_integrated_ = info.is_integrated;
  stream_ = make_stream(driver);
}

void Device::synchronize(StreamHandle stream) const {
  check_cuda(driver_, driver_.synchronize(stream), "cudaStreamSynchronize", "a session");
}

void Device::check_unbroken() const {
  if (is_broken_) {
    const std::scoped_lock lock(mutex_);
    fail(ErrorCode::kInference, text("a session that an earlier error has broken: ", broken_by_),
         "a GPU that works", "make a new detector in a new process");
  }
}

void Device::recover(StreamHandle stream, const char* error) noexcept {
  (void)driver_.take_last_error();
  if (driver_.synchronize(stream != nullptr ? stream : stream_.get()) == kCudaSuccess) {
    return;
  }
  const std::scoped_lock lock(mutex_);
  if (!is_broken_.exchange(true)) {
    try {
      broken_by_.assign(error);
    } catch (const std::exception&) {  // out of memory too: broken without words
    }
  }
  (void)driver_.take_last_error();
}

}  // namespace kilomark::cuda
