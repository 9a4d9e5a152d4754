#include "cuda/plugin/device_queue.hpp"

#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::cuda {

DeviceQueue::DeviceQueue(Driver& driver, int device) : driver_(driver), device_(device) {
  const DeviceScope scope(driver, device);
  stream_ = make_stream(driver);
}

void DeviceQueue::synchronize() {
  check_cuda(driver_, driver_.synchronize(stream_.get()), "cudaStreamSynchronize", "a session");
}

void DeviceQueue::check_unbroken() const {
  if (is_broken_) {
    fail(ErrorCode::kInference, text("a session that an earlier error has broken: ", broken_by_),
         "a GPU that works", "make a new detector in a new process");
  }
}

void DeviceQueue::recover(const char* error) noexcept {
  (void)driver_.take_last_error();
  if (driver_.synchronize(stream_.get()) != kCudaSuccess) {
    is_broken_ = true;
    try {
      broken_by_.assign(error);
    } catch (const std::exception&) {  // out of memory too: broken without words
    }
    (void)driver_.take_last_error();
  }
}

}  // namespace kilomark::cuda
