#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cpu/preprocess.hpp"
#include "cuda/plugin/session.hpp"
#include "fake_tensorrt.hpp"
#include "resample_plan.hpp"

namespace kilomark::cuda {

// A session of the fake landmark network on two frames, and what it must answer.
class Scene {
 public:
  static constexpr int kSize = 32;

  explicit Scene(FakeDriver& driver)
      : Scene(driver, [&driver] { return std::make_unique<FakeTensorRt>(driver); }) {}

  // On any driver, with what makes a TensorRT that runs fake plans.
  Scene(Driver& driver, std::function<std::unique_ptr<TensorRt>()> make_tensorrt)
      : driver_(driver), make_tensorrt_(std::move(make_tensorrt)) {
    std::mt19937 random(5);
    for (const auto& [width, height] : {std::pair(61, 43), std::pair(40, 90)}) {
      std::vector<std::uint8_t>& bytes =
          pixels_.emplace_back(static_cast<std::size_t>(3 * width * height));
      for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(random());
      }
      images_.push_back({bytes.data(), width, height, 3 * width, PixelFormat::kBgr});
    }
  }

  FakePlan plan = fake_landmark_plan(kSize);
  int max_batch = 16;
  bool use_graphs = true;
  int num_slots = 1;
  bool tells_crops = true;  // what is cropped is said when frames are held

  [[nodiscard]] std::unique_ptr<Session> make_session() const {
    static constexpr OutputConfig kOutputs[] = {{"landmarks", 10}, {"spread", 5}, {"presence", 1}};
    const std::string bytes = plan.serialize();
    const NetworkConfig network{"landmark", bytes.data(), bytes.size(), kSize, kSize, kOutputs, 3};
    const SessionConfig config{0, max_batch, use_graphs ? 1 : 0, num_slots, &network, 1};
    return std::make_unique<Session>(driver_, make_tensorrt_(), config);
  }

  [[nodiscard]] std::vector<FrameView> frames() const {
    std::vector<FrameView> frames;
    for (const ImageView& image : images_) {
      frames.push_back({image.pixels, nullptr, image.row_stride_bytes, 0, image.width, image.height,
                        3, FrameFormat::kPacked, FrameMemory::kHost, 0});
    }
    return frames;
  }

  [[nodiscard]] static Crop crop(std::size_t index) {
    const auto shift = static_cast<float>(index % 23);
    return Crop::around({10.0F + shift, 30.0F - shift},
                        20.0 + 3.0 * static_cast<double>(index % 11),
                        11.0 * static_cast<double>(index), kSize, kSize);
  }
  [[nodiscard]] static NetworkInput input() {
    return {kSize, kSize, ChannelOrder::kRgb, {0, 0, 0}, {255, 255, 255}};
  }
  [[nodiscard]] static std::vector<CropRequest> crops(std::size_t count) {
    std::vector<CropRequest> crops;
    for (std::size_t i = 0; i < count; ++i) {
      crops.push_back({i % 2, make_resample_plan(crop(i), PixelFormat::kBgr, input())});
    }
    return crops;
  }

  // Holds the frames, crops `count` of them, and returns spread, (count, 5).
  [[nodiscard]] std::vector<float> run(Session& session, std::span<const FrameView> frames,
                                       std::size_t count, RunTimes* times = nullptr) const {
    std::vector<float> landmarks(10 * count);
    std::vector<float> spread(5 * count);
    std::vector<float> presence(count);
    float* const outputs[] = {landmarks.data(), spread.data(), presence.data()};
    const std::vector<CropRequest> requests = crops(count);
    std::unique_ptr<HeldFrames> held =
        session.hold(frames, tells_crops ? KnownCrops(requests) : std::nullopt);
    try {
      session.run(0, *held, requests, outputs, times);
    } catch (...) {
      session.release(std::move(held));
      throw;
    }
    session.release(std::move(held));
    return spread;
  }
  [[nodiscard]] std::vector<float> run(Session& session, std::size_t count) const {
    return run(session, frames(), count);
  }

  // The same of `count` crops that the CPU made.
  [[nodiscard]] std::vector<float> infer(Session& session, std::size_t count) const {
    std::vector<float> tensors;
    for (std::size_t i = 0; i < count; ++i) {
      const std::vector<float> one = crop_on_cpu(i);
      tensors.insert(tensors.end(), one.begin(), one.end());
    }
    std::vector<float> landmarks(10 * count), spread(5 * count), presence(count);
    float* const outputs[] = {landmarks.data(), spread.data(), presence.data()};
    session.infer(0, tensors, outputs);
    return spread;
  }

  // The crop of the CPU, (3, kSize, kSize).
  [[nodiscard]] std::vector<float> crop_on_cpu(std::size_t index) const {
    cpu::CropWorkspace workspace;
    std::vector<float> tensor(static_cast<std::size_t>(3 * kSize * kSize));
    cpu::crop_image(images_[index % 2], crop(index), input(), workspace, tensor);
    return tensor;
  }

  // The means of its channels, in double.
  [[nodiscard]] std::vector<float> expected(std::size_t count) const {
    std::vector<float> spread;
    constexpr std::size_t kArea = kSize * kSize;
    for (std::size_t i = 0; i < count; ++i) {
      const std::vector<float> tensor = crop_on_cpu(i);
      for (const std::size_t channel : {0, 1, 2, 0, 1}) {
        double sum = 0.0;
        for (std::size_t p = 0; p < kArea; ++p) {
          sum += tensor[channel * kArea + p];
        }
        spread.push_back(static_cast<float>(sum / static_cast<double>(kArea)));
      }
    }
    return spread;
  }

 private:
  Driver& driver_;
  std::function<std::unique_ptr<TensorRt>()> make_tensorrt_;
  std::vector<std::vector<std::uint8_t>> pixels_;
  std::vector<ImageView> images_;
};

}  // namespace kilomark::cuda
