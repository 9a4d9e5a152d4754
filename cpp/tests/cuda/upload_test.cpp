// What of the frames goes to the device, and how.

#include <gtest/gtest.h>

#include "kilomark/error.hpp"
#include "session_scene.hpp"

namespace kilomark::cuda {
namespace {

constexpr int kWidth = 640;
constexpr int kHeight = 480;

class UploadTest : public testing::Test {
 protected:
  UploadTest() {
    std::mt19937 random(11);
    for (std::uint8_t& byte : pixels_) {
      byte = static_cast<std::uint8_t>(random());
    }
  }
  void TearDown() override { EXPECT_EQ(driver_.num_live(), 0U); }

  [[nodiscard]] FrameView frame() const {
    return {pixels_.data(),     nullptr, 3 * kWidth, 0, kWidth, kHeight, 3, FrameFormat::kPacked,
            FrameMemory::kHost, 0};
  }
  [[nodiscard]] ImageView image() const {
    return {pixels_.data(), kWidth, kHeight, 3 * kWidth, PixelFormat::kBgr};
  }
  [[nodiscard]] static CropRequest request(const Crop& crop) {
    return {0, make_resample_plan(crop, PixelFormat::kBgr, Scene::input())};
  }
  static Crop around(float x, float y, double side, double angle_deg = 0.0) {
    return Crop::around({x, y}, side, angle_deg, Scene::kSize, Scene::kSize);
  }

  // The means of a crop's channels.
  std::vector<float> run(Session& session, const FrameView& frame, const Crop& crop) {
    const CropRequest asked = request(crop);
    std::vector<float> landmarks(10), spread(5), presence(1);
    float* const outputs[] = {landmarks.data(), spread.data(), presence.data()};
    std::unique_ptr<HeldFrames> held = session.hold({&frame, 1}, std::span(&asked, 1));
    session.run(0, *held, {&asked, 1}, outputs, nullptr);
    session.release(std::move(held));
    return spread;
  }
  [[nodiscard]] std::vector<float> expected(const Crop& crop) const {
    cpu::CropWorkspace workspace;
    std::vector<float> tensor(static_cast<std::size_t>(3 * Scene::kSize * Scene::kSize));
    cpu::crop_image(image(), crop, Scene::input(), workspace, tensor);
    constexpr std::size_t kArea = Scene::kSize * Scene::kSize;
    std::vector<float> spread;
    for (const std::size_t channel : {0, 1, 2, 0, 1}) {
      double sum = 0.0;
      for (std::size_t p = 0; p < kArea; ++p) {
        sum += tensor[channel * kArea + p];
      }
      spread.push_back(static_cast<float>(sum / static_cast<double>(kArea)));
    }
    return spread;
  }

  FakeDriver driver_;
  Scene scene_{driver_};
  std::vector<std::uint8_t> pixels_ = std::vector<std::uint8_t>(3 * kWidth * kHeight);
};

TEST_F(UploadTest, IsAsLargeAsTheCrop) {
  const auto session = scene_.make_session();
  driver_.reset_counts();
  const Crop crop = around(300, 200, 200);
  EXPECT_EQ(run(*session, frame(), crop), expected(crop));
  EXPECT_GE(driver_.copied_bytes(), 3U * 200 * 200);
  EXPECT_LE(driver_.copied_bytes(), 3U * 220 * 220);  // the whole frame has 921,600 bytes
  EXPECT_EQ(driver_.count("cudaMemcpyAsync"), 1);
}

// Turned, shrunk, magnified, over the borders, outside: the parts that are read are there. Memory
// of the fake that nothing was uploaded to holds 255.
TEST_F(UploadTest, HoldsAllThatIsRead) {
  const auto session = scene_.make_session();
  std::mt19937 random(3);
  std::uniform_real_distribution<float> x(-60.0F, kWidth + 60.0F), y(-60.0F, kHeight + 60.0F);
  std::uniform_real_distribution<double> size(2.0, 7.5), angle(-180.0, 180.0);
  for (int i = 0; i < 60; ++i) {
    const Crop crop = around(x(random), y(random), std::exp(size(random)), angle(random));
    EXPECT_EQ(run(*session, frame(), crop), expected(crop)) << i;
  }
}

TEST_F(UploadTest, OfSeveralCropsHoldsTheAreaAroundThem) {
  const auto session = scene_.make_session();
  driver_.reset_counts();
  const std::vector<CropRequest> crops{request(around(100, 100, 50)),
                                       request(around(160, 140, 40))};
  const FrameView held_frame = frame();
  session->release(session->hold({&held_frame, 1}, crops));
  EXPECT_GE(driver_.copied_bytes(), 3U * 105 * 85);
  EXPECT_LE(driver_.copied_bytes(), 3U * 120 * 100);
}

TEST_F(UploadTest, OfAllOfAFrameOverlapsWithStaging) {
  const auto session = scene_.make_session();
  driver_.reset_counts();
  const FrameView held_frame = frame();
  session->release(session->hold({&held_frame, 1}, std::nullopt));
  EXPECT_EQ(driver_.copied_bytes(), pixels_.size());
  EXPECT_EQ(driver_.count("cudaMemcpyAsync"), 4);  // pieces: the first goes up before the last is
}

TEST_F(UploadTest, OfPinnedMemoryNeedsNoStaging) {
  const auto session = scene_.make_session();
  driver_.add_foreign(pixels_.data(), pixels_.size(), -1);
  driver_.reset_counts();
  const Crop crop = around(300, 200, 200, 20.0);
  EXPECT_EQ(run(*session, frame(), crop), expected(crop));
  EXPECT_EQ(driver_.count("cudaHostAlloc"), 0);
  EXPECT_EQ(driver_.count("cudaMemcpy2DAsync"), 1);  // the rows of the crop, as they lie
  EXPECT_EQ(driver_.count("cudaMemcpyAsync"), 0);
}

TEST_F(UploadTest, OfPinnedMemoryIsOverBeforeTheRelease) {
  const auto session = scene_.make_session();
  driver_.add_foreign(pixels_.data(), pixels_.size(), -1);
  const FrameView held_frame = frame();
  std::unique_ptr<HeldFrames> held = session->hold({&held_frame, 1}, std::nullopt);
  driver_.reset_counts();
  session->release(std::move(held));
  EXPECT_EQ(driver_.count("cudaStreamSynchronize"), 1);
}

TEST_F(UploadTest, OfAPartAllowsNoOtherCrops) {
  const auto session = scene_.make_session();
  const CropRequest told = request(around(300, 200, 100));
  const CropRequest other = request(around(300, 300, 100));
  const FrameView held_frame = frame();
  std::unique_ptr<HeldFrames> held = session->hold({&held_frame, 1}, std::span(&told, 1));
  std::vector<float> landmarks(10), spread(5), presence(1);
  float* const outputs[] = {landmarks.data(), spread.data(), presence.data()};
  try {
    session->run(0, *held, {&other, 1}, outputs, nullptr);
    ADD_FAILURE() << "read what was not uploaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  }
  session->run(0, *held, {&told, 1}, outputs, nullptr);
  session->release(std::move(held));
}

// A Jetson: CPU and GPU share their memory.
TEST_F(UploadTest, IsNoneWhereTheGpuReadsTheHostsMemory) {
  driver_.is_integrated = true;
  const auto session = scene_.make_session();
  driver_.reset_counts();
  const Crop crop = around(300, 200, 200, 20.0);
  EXPECT_EQ(run(*session, frame(), crop), expected(crop));
  EXPECT_EQ(driver_.count("cudaMemcpyAsync") + driver_.count("cudaMemcpy2DAsync"), 0);
  EXPECT_EQ(driver_.count("cudaMalloc"), 0);
  EXPECT_EQ(driver_.count("cudaHostAlloc"), 1);  // staged once, where the kernel reads it

  driver_.add_foreign(pixels_.data(), pixels_.size(), -1);  // pinned: not even that
  driver_.reset_counts();
  const auto other = scene_.make_session();
  driver_.reset_counts();
  EXPECT_EQ(run(*other, frame(), crop), expected(crop));
  EXPECT_EQ(driver_.count("cudaHostAlloc"), 0);
}

class Nv12UploadTest : public UploadTest {
 protected:
  [[nodiscard]] FrameView surface() const {
    FrameView view = frame();
    view.channels = 1;
    view.row_stride_bytes = kWidth;
    view.height = kHeight - 1;  // odd: the last row of chroma stands for one row alone
    view.chroma = pixels_.data() + kWidth * kHeight;
    view.chroma_stride_bytes = kWidth;
    view.format = FrameFormat::kNv12Bt601;
    return view;
  }
};

TEST_F(Nv12UploadTest, OfAPartAnswersAsOfTheWhole) {
  const auto session = scene_.make_session();
  const FrameView whole = surface();
  for (const Crop& crop : {around(301, 203, 101, 20.0), around(635, 478, 64), around(3, 2, 33)}) {
    const std::vector<float> found = run(*session, whole, crop);
    const CropRequest asked = request(crop);
    std::vector<float> landmarks(10), spread(5), presence(1);
    float* const outputs[] = {landmarks.data(), spread.data(), presence.data()};
    std::unique_ptr<HeldFrames> held = session->hold({&whole, 1}, std::nullopt);
    session->run(0, *held, {&asked, 1}, outputs, nullptr);
    session->release(std::move(held));
    EXPECT_EQ(found, spread);
  }
}

TEST_F(Nv12UploadTest, RefusesChromaThatIsNotOnTheDevice) {
  const auto session = scene_.make_session();
  FrameView view = surface();
  view.memory = FrameMemory::kDevice;
  driver_.add_foreign(view.pixels, static_cast<std::size_t>(kWidth * kHeight), 0);
  const std::vector<std::uint8_t> on_host(pixels_.size());
  view.chroma = on_host.data();
  driver_.reset_counts();
  try {
    (void)session->hold({&view, 1}, std::nullopt);
    FAIL() << "the kernel would have read memory of the host";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
    EXPECT_NE(std::string(error.what()).find("image 0 in memory of the host"), std::string::npos);
  }
}

}  // namespace
}  // namespace kilomark::cuda
