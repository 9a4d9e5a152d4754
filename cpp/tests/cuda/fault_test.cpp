// Every call of the driver and of TensorRT fails in turn: a typed error or an answer that is right,
// nothing leaked, and a session that works on or says why not.

#include <gtest/gtest.h>

#include <set>

#include "cuda/plugin/log.hpp"
#include "kilomark/error.hpp"
#include "session_scene.hpp"

namespace kilomark::cuda {
namespace {

// Without these a session still answers, as it should.
const std::set<std::string> kOptional{"cudaStreamBeginCapture", "cudaGraphInstantiate",
                                      "cudaGraphDestroy",       "cudaGraphUpload",
                                      "cudaEventElapsedTime",   "cudaFree",
                                      "cudaFreeHost",           "cudaStreamDestroy",
                                      "cudaEventDestroy",       "cudaGraphExecDestroy"};

// Nor without what is captured: it runs without a graph then.
bool is_optional(const std::string& call) {
  return kOptional.contains(call) || call.starts_with("captured ");
}

// Loads, runs three batch sizes and a tensor, and stops: what an application does.
void use_all(const Scene& scene, std::unique_ptr<Session>& session, std::string& failed_at) {
  failed_at = "load";
  session = scene.make_session();
  failed_at = "run";
  for (const std::size_t count : {1U, 3U, 20U}) {
    ASSERT_EQ(scene.run(*session, count), scene.expected(count));
  }
  RunTimes times{};
  ASSERT_EQ(scene.run(*session, scene.frames(), 2, &times), scene.expected(2));
  const std::vector<float> tensor = scene.crop_on_cpu(0);
  std::vector<float> landmarks(10), spread(5), presence(1);
  float* const outputs[] = {landmarks.data(), spread.data(), presence.data()};
  session->infer(0, tensor, outputs);
  ASSERT_EQ(spread, scene.expected(1));
  failed_at = "";
}

struct Outcome {
  std::string failed_call;  // "": every call has had its turn
  bool has_thrown = false;
};

Outcome fail_call(int call, bool breaks_device) {
  FakeDriver driver;
  const Scene scene(driver);
  driver.faults.arm(call, breaks_device ? Faults::kBrokenDevice : 999, breaks_device);
  Outcome outcome;
  std::string failed_at;
  {
    std::unique_ptr<Session> session;
    try {
      use_all(scene, session, failed_at);
    } catch (const Error& error) {
      outcome.has_thrown = true;
      const std::string what = error.what();
      EXPECT_NE(what.find("expected"), std::string::npos) << what;
      EXPECT_TRUE(error.code() == ErrorCode::kInference || error.code() == ErrorCode::kBundle);
    }
    outcome.failed_call = driver.faults.failed_call();
    driver.faults.disarm();
    if (failed_at == "run" && !breaks_device) {
      EXPECT_EQ(scene.run(*session, 4), scene.expected(4)) << "after " << outcome.failed_call;
    }
    if (failed_at == "run" && breaks_device) {
      try {
        (void)scene.run(*session, 4);
        ADD_FAILURE() << "works on a broken device, after " << outcome.failed_call;
      } catch (const Error& error) {
        const std::string what = error.what();
        EXPECT_NE(what.find("an earlier error has broken"), std::string::npos) << what;
      }
    }
  }
  EXPECT_EQ(driver.num_live(), 0U) << "leaked after " << outcome.failed_call;
  EXPECT_EQ(FakeTensorRt::num_contexts(), 0) << outcome.failed_call;
  EXPECT_EQ(FakeTensorRt::take_violations(), 0) << outcome.failed_call;
  return outcome;
}

TEST(Faults, EveryCallMayFailOnce) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "one thread, and minutes under ThreadSanitizer";
#endif
  std::set<std::string> failed;
  for (int call = 0;; ++call) {
    const Outcome outcome = fail_call(call, false);
    if (outcome.failed_call.empty()) {
      EXPECT_FALSE(outcome.has_thrown);
      break;
    }
    failed.insert(outcome.failed_call);
    // Asked for when releasing too, which throws nothing.
    if (outcome.failed_call != "cudaGetDevice" && outcome.failed_call != "cuCtxGetCurrent") {
      EXPECT_EQ(outcome.has_thrown, !is_optional(outcome.failed_call))
          << "call " << call << ", " << outcome.failed_call;
    }
  }
  for (const char* call : {"cudaMalloc",
                           "cudaHostAlloc",
                           "cudaMemcpyAsync",
                           "cudaMemsetAsync",
                           "cudaStreamSynchronize",
                           "cudaHostGetDevicePointer",
                           "cudaPointerGetAttributes",
                           "cudaEventCreateWithFlags",
                           "cudaEventRecord",
                           "launch_crops",
                           "cudaGraphLaunch",
                           "cudaStreamBeginCapture",
                           "captured cudaStreamEndCapture",
                           "captured enqueueV3",
                           "cudaGraphInstantiate",
                           "cudaGraphUpload",
                           "inferShapes",
                           "deserializeCudaEngine",
                           "createExecutionContext",
                           "setOptimizationProfileAsync",
                           "setDeviceMemoryV2",
                           "setInputShape",
                           "setTensorAddress",
                           "enqueueV3"}) {
    EXPECT_TRUE(failed.contains(call)) << call << " has not been made to fail";
  }
}

TEST(Faults, ABrokenDeviceIsSaidSoFromThenOn) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "one thread, and minutes under ThreadSanitizer";
#endif
  for (int call = 0;; ++call) {
    const Outcome outcome = fail_call(call, true);
    if (outcome.failed_call.empty()) {
      break;
    }
  }
}

std::vector<std::string> logged;

TEST(Faults, RunsWithoutAGraphAndSaysSo) {
  logged.clear();
  set_log_callback([](LogLevel level, const char* message) {
    EXPECT_EQ(level, LogLevel::kWarning);
    logged.emplace_back(message);
  });
  // Which call begins the capture of batch 1 is found by trying.
  for (int call = 0; logged.empty() && call < 100; ++call) {
    FakeDriver driver;
    const Scene scene(driver);
    driver.faults.arm(call, 999, false);
    try {
      EXPECT_EQ(scene.run(*scene.make_session(), 1), scene.expected(1));
    } catch (const Error&) {
    }
  }
  set_log_callback(nullptr);
  ASSERT_FALSE(logged.empty());
  EXPECT_NE(logged[0].find("the landmark network runs without a CUDA graph at batch 1"),
            std::string::npos)
      << logged[0];
}

TEST(Faults, SayWhatCudaAndTensorRtSaid) {
  FakeDriver driver;
  const Scene scene(driver);
  const auto session = scene.make_session();
  driver.faults.arm(0, kCudaOutOfMemory, false);
  try {
    (void)scene.run(*session, 1);
    FAIL();
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("cuCtxGetCurrent failed"), std::string::npos) << what;
    EXPECT_NE(what.find("cudaErrorFake (2): a test's"), std::string::npos) << what;
    EXPECT_NE(what.find("lower max_batch"), std::string::npos) << what;
  }
}

}  // namespace
}  // namespace kilomark::cuda
