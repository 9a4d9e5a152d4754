// What a session does on a driver that works: the right answers, and nothing that it need not do.

#include "cuda/plugin/session.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <thread>

#include "kilomark/error.hpp"
#include "session_scene.hpp"

namespace kilomark::cuda {
namespace {

class SessionTest : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(driver_.num_live(), 0U);
    EXPECT_EQ(FakeTensorRt::num_contexts(), 0);
    EXPECT_EQ(FakeTensorRt::take_violations(), 0);
  }

  FakeDriver driver_;
  Scene scene_{driver_};
};

TEST_F(SessionTest, AnswersForEveryBatchSize) {
  const auto session = scene_.make_session();
  for (const std::size_t count : {1U, 2U, 16U, 7U, 1U}) {
    EXPECT_EQ(scene_.run(*session, count), scene_.expected(count)) << count;
  }
}

TEST_F(SessionTest, AnswersWithoutGraphs) {
  scene_.use_graphs = false;
  const auto session = scene_.make_session();
  EXPECT_EQ(scene_.run(*session, 5), scene_.expected(5));
  EXPECT_EQ(driver_.count("cudaGraphLaunch"), 0);
}

TEST_F(SessionTest, SplitsWhatIsLargerThanTheEngine) {
  scene_.max_batch = 1000;
  scene_.plan.profiles = {{1, 6}};
  const auto session = scene_.make_session();
  driver_.reset_counts();
  EXPECT_EQ(scene_.run(*session, 20), scene_.expected(20));
  EXPECT_EQ(driver_.count("cudaGraphLaunch"), 4);  // 6 + 6 + 6 + 2
}

TEST_F(SessionTest, FillsUpAProfileThatBeginsAboveOne) {
  scene_.plan.profiles = {{4, 8}};
  scene_.max_batch = 2;
  const auto session = scene_.make_session();
  EXPECT_EQ(scene_.run(*session, 5), scene_.expected(5));
}

TEST_F(SessionTest, TakesTheProfileOfTheBatch) {
  scene_.plan.profiles = {{1, 2}, {3, 16}};
  const auto session = scene_.make_session();  // the fake refuses shapes outside a profile
  for (const std::size_t count : {2U, 3U, 16U}) {
    EXPECT_EQ(scene_.run(*session, count), scene_.expected(count)) << count;
  }
}

TEST_F(SessionTest, SpeaksHalf) {
  scene_.plan.input_type = TensorType::kHalf;
  for (FakePlan::Output& output : scene_.plan.outputs) {
    output.type = TensorType::kHalf;
  }
  const auto session = scene_.make_session();
  const std::vector<float> expected = scene_.expected(9);
  const std::vector<float> found = scene_.run(*session, 9);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], 1e-3F);
  }
}

TEST_F(SessionTest, TheSteadyStateAllocatesNothingAndWaitsOnce) {
  const auto session = scene_.make_session();
  (void)scene_.run(*session, 3);
  driver_.reset_counts();
  constexpr int kRounds = 10;
  for (int i = 0; i < kRounds; ++i) {
    (void)scene_.run(*session, 3);
  }
  const std::map<std::string, int> expected{
      {"cuCtxGetCurrent", 3},  // of the device's scopes: to take a stream, to upload, to run
      {"cudaGetDevice", 3},    //
      {"cudaPointerGetAttributes", 2},  // of the frames: pinned or not
      {"cudaMemcpyAsync", 1},           // of the frames' parts, in one block
      {"launch_crops", 1},              //
      {"cudaGraphLaunch", 1},           //
      {"cudaStreamSynchronize", 1}};
  int sum = 0;
  for (const auto& [call, count] : expected) {
    EXPECT_EQ(driver_.count(call), kRounds * count) << call;
    sum += count;
  }
  EXPECT_EQ(driver_.count_all(), kRounds * sum);
}

TEST_F(SessionTest, NewBatchSizesPrepareNothing) {
  scene_.max_batch = 64;
  scene_.plan.profiles = {{1, 64}};
  const auto session = scene_.make_session();
  EXPECT_EQ(driver_.count("cudaGraphInstantiate"), 7);  // 1, 2, 4, 8, 16, 32, 64
  EXPECT_EQ(FakeTensorRt::num_contexts(), 7);           // no two graphs share a context
  EXPECT_EQ(driver_.count("cudaGraphUpload"), 7);
  (void)scene_.run(*session, 1);
  driver_.reset_counts();
  for (std::size_t count = 1; count <= 64; ++count) {
    EXPECT_EQ(scene_.run(*session, count), scene_.expected(count)) << count;
  }
  for (const char* call : {"cudaStreamBeginCapture", "cudaGraphInstantiate", "cudaMalloc",
                           "cudaHostAlloc", "cudaEventCreateWithFlags"}) {
    EXPECT_EQ(driver_.count(call), 0) << call;
  }
  EXPECT_EQ(driver_.count("cudaGraphLaunch"), 64);
  EXPECT_EQ(FakeTensorRt::num_contexts(), 7);
}

TEST_F(SessionTest, MemoryForFramesGrowsToTheLargestAndStays) {
  scene_.tells_crops = false;
  const auto session = scene_.make_session();
  const std::vector<std::uint8_t> large(3 * 1500 * 1000, 255);
  const std::vector<FrameView> frames{
      {large.data(), nullptr, 4500, 0, 1500, 1000, 3, FrameFormat::kPacked, FrameMemory::kHost, 0},
      scene_.frames()[1]};
  (void)scene_.run(*session, 2);
  const std::size_t live = driver_.num_live();
  (void)scene_.run(*session, frames, 2);
  (void)scene_.run(*session, 2);
  (void)scene_.run(*session, frames, 2);
  EXPECT_EQ(driver_.num_live(), live);
  driver_.reset_counts();
  (void)scene_.run(*session, frames, 2);
  EXPECT_EQ(driver_.count("cudaMalloc") + driver_.count("cudaHostAlloc"), 0);
}

TEST_F(SessionTest, HoldingWithoutRunningIsSafe) {
  const auto session = scene_.make_session();
  for (int i = 0; i < 3; ++i) {
    session->release(session->hold(scene_.frames(), std::nullopt));
  }
  EXPECT_EQ(scene_.run(*session, 4), scene_.expected(4));
}

TEST_F(SessionTest, InfersFromTensors) {
  const auto session = scene_.make_session();
  EXPECT_EQ(scene_.infer(*session, 20), scene_.expected(20));
}

TEST_F(SessionTest, MeasuresOnlyWhereTimesAreAskedFor) {
  const auto session = scene_.make_session();
  (void)scene_.run(*session, 5);
  EXPECT_EQ(driver_.count("cudaEventCreateWithFlags") + driver_.count("cudaEventRecord"), 0);
  RunTimes times{};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(scene_.run(*session, scene_.frames(), 5, &times), scene_.expected(5));
  }
  EXPECT_EQ(times.crop_ms, 0.5);  // the fake's, twice
  EXPECT_EQ(times.infer_ms, 0.5);
  EXPECT_EQ(driver_.count("cudaEventCreateWithFlags"), 3);
}

TEST_F(SessionTest, RefusesAnEngineWhoseOutputsAreLargerThanItSaid) {
  scene_.plan.outputs[0].shape = {50, 2};
  scene_.plan.outputs[0].hides_shape = true;
  try {
    (void)scene_.make_session();
    FAIL() << "TensorRT would have written past the buffer";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBundle);
    EXPECT_NE(std::string(error.what()).find("\"landmarks\" of (1, 50, 2) at batch 1"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(SessionTest, RefusesAContextThatIsNotTheRuntimes) {
  const auto session = scene_.make_session();
  driver_.has_foreign = true;
  driver_.reset_counts();
  try {
    (void)scene_.run(*session, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
    EXPECT_NE(std::string(error.what()).find("import pycuda.autoprimaryctx"), std::string::npos);
  }
  EXPECT_EQ(driver_.count("cudaMemcpyAsync") + driver_.count("cudaGraphLaunch"), 0);
  driver_.has_foreign = false;
  EXPECT_EQ(scene_.run(*session, 1), scene_.expected(1));
}

TEST_F(SessionTest, ASecondThreadWorksWhileTheFirstWaits) {
  scene_.num_slots = 2;
  const auto session = scene_.make_session();
  std::promise<void> waits;
  std::promise<void> may_go_on;
  std::atomic<bool> is_first = true;
  driver_.before_synchronize = [&] {
    if (is_first.exchange(false)) {
      waits.set_value();
      may_go_on.get_future().wait();
    }
  };
  std::vector<float> found;
  std::jthread first([&] { found = scene_.run(*session, 3); });
  waits.get_future().wait();
  std::future<std::vector<float>> second =
      std::async(std::launch::async, [&] { return scene_.run(*session, 5); });
  const bool is_done = second.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  may_go_on.set_value();
  EXPECT_TRUE(is_done) << "the second call waited for the first";
  EXPECT_EQ(second.get(), scene_.expected(5));
  first.join();
  EXPECT_EQ(found, scene_.expected(3));
}

TEST_F(SessionTest, ThreadsShareIt) {
  scene_.num_slots = 2;
  const auto session = scene_.make_session();
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t round = 0; round < 8; ++round) {
        const std::size_t count = 1 + (thread + round) % 5;
        EXPECT_EQ(scene_.run(*session, count), scene_.expected(count));
      }
    });
  }
}

TEST_F(SessionTest, LeavesTheThreadItsDevice) {
  (void)driver_.set_device(1);
  const auto session = scene_.make_session();
  (void)scene_.run(*session, 1);
  int device = -1;
  (void)driver_.current_device(&device);
  EXPECT_EQ(device, 1);
  (void)driver_.set_device(0);
}

TEST_F(SessionTest, RefusesAPlanThatIsNone) {
  static constexpr OutputConfig kOutputs[] = {{"landmarks", 10}};
  const NetworkConfig network{"landmark", "junk", 4, 32, 32, kOutputs, 1};
  try {
    const Session session(driver_, std::make_unique<FakeTensorRt>(driver_),
                          {0, 1, 1, 1, &network, 1});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBundle);
    EXPECT_NE(std::string(error.what()).find("magicTag"), std::string::npos) << error.what();
  }
}

// Frames that are on the device already.
class DeviceFrames : public SessionTest {
 protected:
  // The scene's frames as memory of another owner on device `device`.
  std::vector<FrameView> on_device(int device) {
    std::vector<FrameView> frames = scene_.frames();
    for (FrameView& frame : frames) {
      frame.memory = FrameMemory::kDevice;
      driver_.add_foreign(frame.pixels,
                          static_cast<std::size_t>(frame.row_stride_bytes * frame.height), device);
    }
    return frames;
  }
};

TEST_F(DeviceFrames, AreReadWhereTheyLie) {
  const auto session = scene_.make_session();
  const std::vector<FrameView> frames = on_device(0);
  driver_.reset_counts();
  EXPECT_EQ(scene_.run(*session, frames, 1), scene_.expected(1));
  EXPECT_EQ(driver_.count("cudaMemcpyAsync"), 0);
  EXPECT_EQ(driver_.count("cudaMalloc"), 0);
}

TEST_F(DeviceFrames, MayBeMixedWithOthers) {
  const auto session = scene_.make_session();
  std::vector<FrameView> frames = on_device(0);
  frames[0] = scene_.frames()[0];
  EXPECT_EQ(scene_.run(*session, frames, 6), scene_.expected(6));
}

TEST_F(DeviceFrames, AreWaitedForOnTheirStream) {
  const auto session = scene_.make_session();
  const std::vector<FrameView> ready = scene_.frames();
  std::vector<FrameView> frames = on_device(0);
  StreamHandle producer = nullptr;
  (void)driver_.create_stream(&producer);
  // The producer writes the frame late: whoever does not wait reads zeros.
  std::vector<std::uint8_t> late(static_cast<std::size_t>(3 * ready[0].width * ready[0].height));
  driver_.add_foreign(late.data(), late.size(), 0);
  (void)driver_.enqueue(producer, [&] {
    std::copy_n(ready[0].pixels, late.size(), late.begin());
    return 0;
  });
  frames[0].pixels = late.data();
  frames[0].stream = reinterpret_cast<std::uint64_t>(producer);
  EXPECT_EQ(scene_.run(*session, frames, 2), scene_.expected(2));
  EXPECT_EQ(driver_.count("cudaStreamWaitEvent"), 1);
  (void)driver_.destroy_stream(producer);
}

TEST_F(DeviceFrames, OfAnotherDeviceAreRefused) {
  const auto session = scene_.make_session();
  const std::vector<FrameView> frames = on_device(1);
  try {
    (void)session->hold(frames, std::nullopt);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
    EXPECT_NE(std::string(error.what()).find("image 0 in memory of GPU 1"), std::string::npos);
  }
}

}  // namespace
}  // namespace kilomark::cuda
