// Sessions on a GPU: the CUDA runtime, with the stand-in for TensorRT.

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "crop_runner.hpp"
#include "cuda/plugin/cuda_driver.hpp"
#include "needs_gpu.hpp"
#include "session_scene.hpp"
#include "stand_in_tensorrt.hpp"

namespace kilomark::cuda {
namespace {

void expect_near(const std::vector<float>& found, const std::vector<float>& expected,
                 float tolerance = 1e-6F) {  // sums are taken in another order
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], tolerance) << i;
  }
}

class GpuSession : public testing::Test {
 protected:
  void SetUp() override { skip_without_gpu(why_no_crops()); }

  Scene scene_{cuda_driver(), [] { return std::make_unique<StandInTensorRt>(cuda_driver()); }};
};

TEST_F(GpuSession, AnswersForEveryBatchSize) {
  const auto session = scene_.make_session();
  for (const std::size_t count : {1U, 2U, 16U, 7U, 1U, 16U}) {
    expect_near(scene_.run(*session, count), scene_.expected(count));
  }
}

TEST_F(GpuSession, GraphsChangeNoBit) {
  const auto with_graphs = scene_.make_session();
  scene_.use_graphs = false;
  const auto without = scene_.make_session();
  for (const std::size_t count : {1U, 5U, 16U, 5U}) {
    EXPECT_EQ(scene_.run(*with_graphs, count), scene_.run(*without, count)) << count;
  }
}

TEST_F(GpuSession, SplitsAndFillsUp) {
  scene_.max_batch = 1000;
  scene_.plan.profiles = {{4, 6}};
  const auto session = scene_.make_session();
  for (const std::size_t count : {20U, 1U, 13U}) {
    expect_near(scene_.run(*session, count), scene_.expected(count));
  }
}

TEST_F(GpuSession, TakesTheProfileOfTheBatch) {
  scene_.plan.profiles = {{1, 2}, {3, 16}};
  const auto session = scene_.make_session();
  for (const std::size_t count : {2U, 3U, 16U}) {
    expect_near(scene_.run(*session, count), scene_.expected(count));
  }
}

TEST_F(GpuSession, SpeaksHalf) {
  scene_.plan.input_type = TensorType::kHalf;
  for (FakePlan::Output& output : scene_.plan.outputs) {
    output.type = TensorType::kHalf;
  }
  const auto session = scene_.make_session();
  expect_near(scene_.run(*session, 9), scene_.expected(9), 1e-3F);
}

TEST_F(GpuSession, AnswersForBatchesBetweenThePreparedOnes) {
  scene_.max_batch = 64;
  scene_.plan.profiles = {{1, 1}, {1, 64}};
  const auto session = scene_.make_session();
  for (std::size_t count = 1; count <= 64; ++count) {
    expect_near(scene_.run(*session, count), scene_.expected(count));
  }
}

TEST_F(GpuSession, InfersFromTensors) {
  const auto session = scene_.make_session();
  expect_near(scene_.infer(*session, 20), scene_.expected(20));
}

TEST_F(GpuSession, GivesTimesOfTheDevice) {
  const auto session = scene_.make_session();
  for (const std::size_t count : {1U, 16U}) {
    RunTimes times{};
    expect_near(scene_.run(*session, scene_.frames(), count, &times), scene_.expected(count));
    EXPECT_GT(times.crop_ms, 0.0);
    EXPECT_LT(times.crop_ms, 100.0);
    EXPECT_GT(times.infer_ms, 0.0);
    EXPECT_LT(times.infer_ms, 100.0);
  }
}

TEST_F(GpuSession, UploadsPartsAndWholeFramesAlike) {
  const auto session = scene_.make_session();
  for (const bool tells_crops : {true, false}) {
    scene_.tells_crops = tells_crops;
    expect_near(scene_.run(*session, 9), scene_.expected(9));
  }
}

TEST_F(GpuSession, ReadsPinnedMemoryWithoutStaging) {
  const auto session = scene_.make_session();
  std::vector<FrameView> frames = scene_.frames();
  const auto bytes = static_cast<std::size_t>(frames[0].row_stride_bytes * frames[0].height);
  const Memory pinned(cuda_driver(), Memory::Kind::kPinned, bytes, "a frame");
  std::memcpy(pinned.get(), frames[0].pixels, bytes);
  frames[0].pixels = pinned.as<std::uint8_t>();
  for (const bool tells_crops : {true, false}) {
    scene_.tells_crops = tells_crops;
    expect_near(scene_.run(*session, frames, 5), scene_.expected(5));
  }
}

TEST_F(GpuSession, ThreadsShareIt) {
  scene_.num_slots = 2;
  const auto session = scene_.make_session();
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t round = 0; round < 50; ++round) {
        const std::size_t count = 1 + (thread + round) % 5;
        expect_near(scene_.run(*session, count), scene_.expected(count));
      }
    });
  }
}

TEST_F(GpuSession, SessionsShareTheGpu) {
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t round = 0; round < 5; ++round) {  // captured while others work
        const auto session = scene_.make_session();
        expect_near(scene_.run(*session, 1 + thread), scene_.expected(1 + thread));
      }
    });
  }
}

// Frames that are on the GPU already, on the stream that writes them.
TEST_F(GpuSession, WaitsForTheStreamThatWritesAFrame) {
  const auto session = scene_.make_session();
  Driver& driver = cuda_driver();
  std::vector<FrameView> frames = scene_.frames();
  const FrameView ready = frames[0];
  const auto bytes = static_cast<std::size_t>(ready.row_stride_bytes * ready.height);
  constexpr std::size_t kDelayBytes = std::size_t{1} << 30;
  const Memory delay(driver, Memory::Kind::kDevice, kDelayBytes, "a delay");
  const Memory frame(driver, Memory::Kind::kDevice, bytes, "a frame");
  const Memory pinned(driver, Memory::Kind::kPinned, bytes, "a frame");
  std::memcpy(pinned.get(), ready.pixels, bytes);
  const Stream producer = make_stream(driver);
  frames[0].memory = FrameMemory::kDevice;
  frames[0].pixels = frame.as<std::uint8_t>();
  frames[0].stream = reinterpret_cast<std::uint64_t>(producer.get());
  const std::vector<float> expected = scene_.expected(2);
  for (int round = 0; round < 5; ++round) {
    ASSERT_EQ(driver.clear(frame.get(), bytes, producer.get()), kCudaSuccess);
    ASSERT_EQ(driver.synchronize(producer.get()), kCudaSuccess);
    for (int i = 0; i < 20; ++i) {  // some milliseconds
      ASSERT_EQ(driver.clear(delay.get(), kDelayBytes, producer.get()), kCudaSuccess);
    }
    ASSERT_EQ(driver.copy(frame.get(), pinned.get(), bytes, producer.get()), kCudaSuccess);
    expect_near(scene_.run(*session, frames, 2), expected);
  }
}

}  // namespace
}  // namespace kilomark::cuda
