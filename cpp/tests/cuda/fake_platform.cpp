// Makes of the plugin's own code, the fake driver and the fake TensorRT a plugin that tests load.

#include "cuda/plugin/platform.hpp"
#include "fake_driver.hpp"
#include "fake_tensorrt.hpp"

namespace kilomark::cuda {

namespace {

FakeDriver& fake_driver() {
  static FakeDriver driver;
  driver.foreign_device = 0;  // what tests pass as memory of a GPU is the host's
  return driver;
}

}  // namespace

Driver& platform_driver() { return fake_driver(); }

int platform_tensorrt_major() { return 10; }

NvinferLibrary find_platform_tensorrt(std::span<const char* const> /*folders*/) {
  return {&fake_driver(), "libnvinfer.so.10 of the tests", "", {10, 14, 1, 48}};
}

std::unique_ptr<TensorRt> make_platform_tensorrt(const NvinferLibrary& /*library*/) {
  return std::make_unique<FakeTensorRt>(fake_driver());
}

}  // namespace kilomark::cuda
