#include <algorithm>
#include <map>

#include "crop_runner.hpp"
#include "cuda/plugin/cuda_driver.hpp"
#include "cuda/plugin/cuda_errors.hpp"
#include "cuda/plugin/handles.hpp"
#include "cuda/plugin/plugin_probe.hpp"

namespace kilomark::cuda {

namespace {

// Copies of planes of the host on the device, one of each.
class Planes {
 public:
  explicit Planes(StreamHandle stream) : stream_(stream) {}

  const std::uint8_t* upload(const std::uint8_t* plane, std::int64_t bytes) {
    if (plane == nullptr) {
      return nullptr;
    }
    auto found = copies_.find(plane);
    if (found == copies_.end()) {
      Driver& driver = cuda_driver();
      Memory copy(driver, Memory::Kind::kDevice, static_cast<std::size_t>(bytes), "a plane");
      check_cuda(driver, driver.copy(copy.get(), plane, copy.bytes(), stream_), "cudaMemcpyAsync",
                 "a plane");
      found = copies_.emplace(plane, std::move(copy)).first;
    }
    return found->second.as<std::uint8_t>();
  }

 private:
  StreamHandle stream_;
  std::map<const std::uint8_t*, Memory> copies_;
};

}  // namespace

std::string why_no_crops() {
  int count = 0;
  return why_no_device(cuda_driver(), &count);
}

std::vector<std::byte> run_crops(std::span<const CropItem> items, TensorType type, int width,
                                 int height) {
  Driver& driver = cuda_driver();
  const Stream stream = make_stream(driver);
  const auto copy = [&](void* to, const void* from, std::size_t bytes) {
    check_cuda(driver, driver.copy(to, from, bytes, stream.get()), "cudaMemcpyAsync", "crops");
  };
  Planes planes(stream.get());
  std::vector<CropItem> uploaded(items.begin(), items.end());
  for (auto& [plan, frame] : uploaded) {
    frame.pixels = planes.upload(frame.pixels, frame.row_stride_bytes * frame.height);
    frame.chroma =
        planes.upload(frame.chroma, frame.chroma_stride_bytes * ((frame.height + 1) / 2));
  }
  std::vector<std::byte> tensor(items.size() * static_cast<std::size_t>(3 * width * height) *
                                size_of(type));
  const Memory output(driver, Memory::Kind::kDevice, tensor.size(), "a tensor");
  const std::size_t crop_bytes = tensor.size() / items.size();
  for (std::size_t first = 0; first < items.size(); first += kMaxCropsPerLaunch) {
    const std::size_t count = std::min<std::size_t>(kMaxCropsPerLaunch, items.size() - first);
    const CropLaunch launch{&uploaded[first],
                            static_cast<int>(count),
                            {output.as<std::byte>() + first * crop_bytes, type, width, height}};
    check_cuda(driver, driver.launch_crops(launch, stream.get()), "the launch", "crops");
  }
  copy(tensor.data(), output.get(), tensor.size());
  check_cuda(driver, driver.synchronize(stream.get()), "cudaStreamSynchronize", "crops");
  return tensor;
}

}  // namespace kilomark::cuda
