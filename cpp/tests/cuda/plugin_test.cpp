// The way from a Detector through the loader and the C ABI to a plugin and back.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>

#include "cuda/cuda_backend.hpp"
#include "fake_tensorrt.hpp"
#include "kilomark/crop_image.hpp"
#include "kilomark/cuda_probe.hpp"
#include "kilomark/detector.hpp"
#include "kilomark/error.hpp"
#include "kilomark/log.hpp"

namespace kilomark {
namespace {

constexpr int kCrop = 32;
constexpr int kFrame = 64;

NetworkInput network_input(int size) {
  return {size, size, ChannelOrder::kRgb, {0, 0, 0}, {255, 255, 255}};
}

Model to_model(std::string plan) { return std::make_shared<const std::string>(std::move(plan)); }

LandmarkNetwork landmark_network() {
  return {to_model(cuda::fake_landmark_plan(kCrop).serialize()), network_input(kCrop), 5, 1.25F,
          false};
}

FinderNetwork finder_network() {
  return {to_model(cuda::fake_finder_plan(kFrame).serialize()), network_input(kFrame), {8, 16}, {}};
}

// The tiny network sees little presence.
const PredictOptions kFinderAlone{.detect = {.presence_threshold = 0.0F}, .place = {}};

BackendOptions on(const std::string& device) { return {device, 1, 16}; }

// Dark, with bright cells of 8 x 8 px.
std::vector<std::uint8_t> bright_cells(std::initializer_list<std::pair<int, int>> cells) {
  std::vector<std::uint8_t> pixels(3 * kFrame * kFrame);
  for (const auto& [row, column] : cells) {
    for (int y = 8 * row; y < 8 * row + 8; ++y) {
      std::fill_n(pixels.begin() + 3 * (y * kFrame + 8 * column), 24, std::uint8_t{255});
    }
  }
  return pixels;
}

ImageView to_view(const std::vector<std::uint8_t>& pixels) {
  return {pixels.data(), kFrame, kFrame, 3 * kFrame, PixelFormat::kBgr};
}

std::string error_of(const std::function<void()>& work, ErrorCode code) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing thrown";
  return "";
}

class PluginTest : public testing::Test {
 protected:
  void SetUp() override { use(KILOMARK_FAKE_PLUGIN); }
  void TearDown() override { unsetenv("KILOMARK_CUDA_PLUGIN"); }
  static void use(const char* path) { setenv("KILOMARK_CUDA_PLUGIN", path, 1); }
};

TEST_F(PluginTest, IsProbed) {
  const CudaProbe probe = cuda_probe();
  EXPECT_EQ(probe.reason, "");
  EXPECT_EQ(probe.plugin_path, KILOMARK_FAKE_PLUGIN);
  EXPECT_EQ(probe.driver_version, "13.0");
  EXPECT_EQ(probe.tensorrt_version, "10.14.1.48");
  ASSERT_EQ(probe.devices.size(), 2U);
  EXPECT_EQ(probe.devices[0].name, "Fake GPU");
  EXPECT_EQ(probe.devices[1].name, "Old GPU");
  EXPECT_EQ(available_devices(), (std::vector<std::string>{"cpu", "cuda"}));
}

TEST_F(PluginTest, FindsFacesAndPlacesLandmarks) {
  const Detector detector({finder_network(), landmark_network(), std::nullopt}, on("cuda"));
  EXPECT_EQ(detector.device(), "cuda");
  const std::vector<std::uint8_t> one = bright_cells({{3, 4}});
  const std::vector<std::uint8_t> two = bright_cells({{1, 1}, {6, 6}});
  const std::vector<ImageView> images{to_view(one), to_view(two)};
  const Prediction prediction = detector.predict(images, kFinderAlone);
  ASSERT_EQ(prediction.images[0].boxes.size(), 1U);
  EXPECT_EQ(prediction.images[1].boxes.size(), 2U);
  EXPECT_FLOAT_EQ(prediction.images[0].boxes[0].x0, 28.0F);
  EXPECT_FLOAT_EQ(prediction.images[0].boxes[0].y1, 36.0F);
  // Side 1.25 * 16 around (36, 28): 0.625 px of the image to a pixel of the crop.
  EXPECT_NEAR(prediction.images[0].landmarks[4].x, 26.0F + 16 * 0.625F, 1e-4F);
  EXPECT_NEAR(prediction.images[0].landmarks[4].y, 18.0F + 20 * 0.625F, 1e-4F);
  EXPECT_GT(prediction.times.find_ms, 0.0);
}

TEST_F(PluginTest, SeesTheCropThatTheCpuMakes) {
  std::vector<std::uint8_t> pixels(3 * kFrame * kFrame);
  std::mt19937 random(7);
  for (std::uint8_t& value : pixels) {
    value = static_cast<std::uint8_t>(random());
  }
  const Detector detector({std::nullopt, landmark_network(), std::nullopt}, on("cuda:0"));
  const ImageView image = to_view(pixels);
  const std::vector<Box> boxes{{5.0F, 6.0F, 45.0F, 50.0F}, {30.0F, -8.0F, 80.0F, 30.0F}};
  const std::vector<Regions> given{upright_regions(boxes)};
  const Prediction prediction = detector.place({&image, 1}, given, {});
  for (std::size_t face = 0; face < boxes.size(); ++face) {
    const Box& box = boxes[face];
    const double side = 1.25F * std::max(box.x1 - box.x0, box.y1 - box.y0);
    std::vector<float> crop(3 * kCrop * kCrop);
    crop_image(image, {0.5F * (box.x0 + box.x1), 0.5F * (box.y0 + box.y1)}, side, 0.0,
               network_input(kCrop), crop);
    double sum = 0.0;
    for (const float value : std::span(crop).first(kCrop * kCrop)) {
      sum += value;
    }
    EXPECT_FLOAT_EQ(prediction.images[0].spread[5 * face],
                    static_cast<float>(sum / (kCrop * kCrop) * side / kCrop));
  }
}

TEST_F(PluginTest, TakesNv12AndMemoryOfTheGpu) {
  const Detector detector({std::nullopt, landmark_network(), std::nullopt}, on("cuda"));
  std::vector<std::uint8_t> surface(kFrame * kFrame * 3 / 2, 128);   // gray: no chroma
  std::fill_n(surface.begin(), kFrame * kFrame, std::uint8_t{126});  // 255 * 110 / 219
  ImageView image{surface.data(), kFrame, kFrame, kFrame, PixelFormat::kNv12};
  image.chroma = surface.data() + kFrame * kFrame;
  image.chroma_stride_bytes = kFrame;
  const std::vector<Box> boxes{{20.0F, 20.0F, 40.0F, 40.0F}};
  const std::vector<Regions> given{upright_regions(boxes)};
  for (const ImageMemory memory : {ImageMemory::kHost, ImageMemory::kCuda}) {
    image.memory = memory;
    const Prediction prediction = detector.place({&image, 1}, given, {});
    EXPECT_NEAR(prediction.images[0].presence[0], 128.0F / 255.0F, 1e-4F);
  }
}

TEST_F(PluginTest, MeasuresStagesOnlyWhereAskedTo) {
  const Detector detector({std::nullopt, landmark_network(), std::nullopt}, on("cuda"));
  const std::vector<std::uint8_t> pixels = bright_cells({{3, 4}});
  const ImageView image = to_view(pixels);
  const std::vector<Box> boxes{{20.0F, 20.0F, 40.0F, 40.0F}};
  const std::vector<Regions> given{upright_regions(boxes)};
  EXPECT_EQ(detector.place({&image, 1}, given, {}).times.crop_ms, 0.0);
  EXPECT_GT(detector.place({&image, 1}, given, {.measures_stages = true}).times.crop_ms, 0.0);
  EXPECT_NE(detector.input_stream(), 0U);
}

TEST_F(PluginTest, TheCpuRefusesWhatIsOnAGpu) {
  std::vector<std::uint8_t> pixels(3 * kFrame * kFrame);
  ImageView image = to_view(pixels);
  image.format = PixelFormat::kNv12;
  EXPECT_NE(error_of([&] { check_image(image); }, ErrorCode::kInvalidInput).find("rows of chroma"),
            std::string::npos);
}

TEST_F(PluginTest, InfersTensors) {
  const Detector detector({finder_network(), landmark_network(), std::nullopt}, on("cuda"));
  const std::vector<float> tensors(20 * 3 * kCrop * kCrop, 0.5F);
  const auto outputs = detector.infer(NetworkRole::kLandmarks, tensors);
  ASSERT_EQ(outputs[2].size(), 20U);
  EXPECT_FLOAT_EQ(outputs[2][19], 0.5F);
  const std::vector<float> frame(3 * kFrame * kFrame, 0.25F);
  EXPECT_FLOAT_EQ(detector.infer(NetworkRole::kFinder, frame)[0][0], 0.25F);
}

TEST_F(PluginTest, ThreadsShareADetector) {
  const Detector detector({finder_network(), landmark_network(), std::nullopt}, on("cuda"));
  const std::vector<std::uint8_t> pixels = bright_cells({{1, 1}, {6, 6}});
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const ImageView image = to_view(pixels);
        EXPECT_EQ(detector.predict({&image, 1}, kFinderAlone).images[0].boxes.size(), 2U);
      }
    });
  }
}

TEST_F(PluginTest, ErrorsKeepTheirTypeAcrossTheAbi) {
  LandmarkNetwork network = landmark_network();
  network.model = to_model("an ONNX file");
  const auto load = [&] {
    const Detector detector({std::nullopt, network, std::nullopt}, on("cuda"));
  };
  EXPECT_NE(error_of(load, ErrorCode::kBundle).find("magicTag"), std::string::npos);

  network = landmark_network();
  network.num_landmarks = 7;
  EXPECT_NE(error_of(load, ErrorCode::kBundle).find("a batch of 14 numbers"), std::string::npos);
}

TEST_F(PluginTest, SaysWhyADeviceCannotBeUsed) {
  const auto load = [](const std::string& device) {
    return error_of(
        [&] {
          const Detector detector({std::nullopt, landmark_network(), std::nullopt}, on(device));
        },
        ErrorCode::kDevice);
  };
  EXPECT_NE(load("cuda:1").find("Old GPU has compute capability 6.1"), std::string::npos);
  EXPECT_NE(load("cuda:7").find("there is no GPU 7, there are 2"), std::string::npos);
  EXPECT_NE(load("cuda:x").find("expected cpu, cuda or cuda:<number>"), std::string::npos);
  use(KILOMARK_OLD_PLUGIN);
  EXPECT_NE(load("cuda").find("ABI version 12345; expected"), std::string::npos);
  use("/nowhere/libkilomark_cuda_trt10.so");
  EXPECT_NE(load("cuda").find("cannot be loaded"), std::string::npos);
}

TEST(CudaIndex, OfNames) {
  EXPECT_EQ(cuda::cuda_index("cuda"), 0);
  EXPECT_EQ(cuda::cuda_index("cuda:12"), 12);
  for (const char* name :
       {"", "cpu", "cuda:", "cuda:x", "cuda:1x", "cuda: 1", "cuda:99999999999"}) {
    EXPECT_LT(cuda::cuda_index(name), 0) << name;
  }
}

#if defined(KILOMARK_BUILT_PLUGIN)
// The plugin itself, which must load and tell without a driver, too.
TEST_F(PluginTest, OfThisBuildLoadsAndProbes) {
  use(KILOMARK_BUILT_PLUGIN);
  const CudaProbe probe = cuda_probe();
  EXPECT_NE(probe.runtime_version, "");
  if (probe.reason.empty()) {
    GTEST_SKIP() << "there is a GPU; tools/verify_gpu.py tests it";
  }
  const auto load = [] {
    const Detector detector({std::nullopt, landmark_network(), std::nullopt}, on("cuda"));
  };
  EXPECT_NE(error_of(load, ErrorCode::kDevice).find(probe.reason), std::string::npos);
}
#endif

}  // namespace
}  // namespace kilomark
