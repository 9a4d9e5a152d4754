// Any structs of the plugin's C ABI, on a fake driver: frames and crops are refused with Error, or
// the session answers; no byte outside a frame is read.

#include <fuzzer/FuzzedDataProvider.h>

#include <memory>
#include <vector>

#include "kilomark/error.hpp"
#include "session_scene.hpp"

namespace {

using namespace kilomark;
using namespace kilomark::cuda;

FrameView make_frame(FuzzedDataProvider& bytes, std::vector<std::unique_ptr<std::uint8_t[]>>& all) {
  FrameView frame{};
  frame.width = bytes.ConsumeIntegralInRange(0, 40);
  frame.height = bytes.ConsumeIntegralInRange(0, 40);
  frame.channels = bytes.PickValueInArray({1, 3, 4});
  frame.format = static_cast<FrameFormat>(bytes.ConsumeIntegralInRange(0, 2));
  frame.memory = FrameMemory::kHost;
  if (frame.format != FrameFormat::kPacked) {
    frame.channels = 1;
  }
  frame.row_stride_bytes = frame.width * frame.channels + bytes.ConsumeIntegralInRange(0, 5);
  frame.chroma_stride_bytes = (frame.width + 1) / 2 * 2 + bytes.ConsumeIntegralInRange(0, 5);
  const auto rows = static_cast<std::size_t>(frame.height);
  const auto stride = static_cast<std::size_t>(frame.row_stride_bytes);
  const auto chroma_stride = static_cast<std::size_t>(frame.chroma_stride_bytes);
  all.push_back(std::make_unique<std::uint8_t[]>(rows * stride));
  frame.pixels = all.back().get();
  if (frame.format != FrameFormat::kPacked) {
    all.push_back(std::make_unique<std::uint8_t[]>((rows + 1) / 2 * chroma_stride));
    frame.chroma = all.back().get();
  }
  return frame;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FakeDriver driver;
  static const Scene scene(driver);
  static const std::unique_ptr<Session> session = scene.make_session();
  FuzzedDataProvider bytes(data, size);
  std::vector<std::unique_ptr<std::uint8_t[]>> pixels;
  std::vector<FrameView> frames;
  const auto num_frames = bytes.ConsumeIntegralInRange<std::size_t>(0, 3);
  for (std::size_t i = 0; i < num_frames; ++i) {
    frames.push_back(make_frame(bytes, pixels));
  }
  std::vector<CropRequest> crops = Scene::crops(bytes.ConsumeIntegralInRange<std::size_t>(0, 20));
  for (CropRequest& crop : crops) {
    crop.frame = bytes.ConsumeIntegralInRange<std::uint64_t>(0, 4);
  }
  std::vector<float> landmarks(10 * crops.size());
  std::vector<float> spread(5 * crops.size());
  std::vector<float> presence(crops.size());
  float* const outputs[] = {landmarks.data(), spread.data(), presence.data()};
  try {
    std::unique_ptr<HeldFrames> held = session->hold(frames, crops);
    try {
      session->run(0, *held, crops, outputs, nullptr);
    } catch (const Error&) {
      session->release(std::move(held));
      return 0;
    }
    session->release(std::move(held));
  } catch (const Error&) {
    return 0;
  }
  return 0;
}
