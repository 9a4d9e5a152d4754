#include "cuda/plugin/engine_layout.hpp"

#include <gtest/gtest.h>

#include "fake_tensorrt.hpp"
#include "kilomark/error.hpp"

namespace kilomark::cuda {
namespace {

constexpr OutputConfig kOutputs[] = {{"landmarks", 10}, {"spread", 5}, {"presence", 1}};

EngineLayout read_layout(const FakePlan& plan, int size = 32) {
  FakeDriver driver;
  FakeTensorRt tensorrt(driver);
  const std::string bytes = plan.serialize();
  const auto engine = tensorrt.load(std::as_bytes(std::span(bytes)));
  return read_engine_layout(*engine,
                            {"landmark", bytes.data(), bytes.size(), size, size, kOutputs, 3});
}

void expect_refused(const FakePlan& plan, const std::string& words, int size = 32) {
  try {
    (void)read_layout(plan, size);
    ADD_FAILURE() << "not refused: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBundle);
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(EngineLayout, ReadsTypesAndProfiles) {
  FakePlan plan = fake_landmark_plan();
  plan.input_type = TensorType::kHalf;
  plan.outputs[1].type = TensorType::kHalf;
  plan.profiles = {{1, 4}, {5, 16}};
  std::swap(plan.outputs[0], plan.outputs[2]);  // the engine's order is its own
  const EngineLayout layout = read_layout(plan);
  EXPECT_EQ(layout.input_type, TensorType::kHalf);
  EXPECT_EQ(layout.input_size, 3U * 32 * 32);
  ASSERT_EQ(layout.outputs.size(), 3U);
  EXPECT_EQ(layout.outputs[0].name, "landmarks");
  EXPECT_EQ(layout.outputs[0].num_floats, 10U);
  EXPECT_EQ(layout.outputs[1].type, TensorType::kHalf);
  EXPECT_EQ(layout.largest_batch(), 16);
  EXPECT_EQ(layout.smallest_batch(), 1);
}

TEST(EngineLayout, RefusesWhatIsNotDescribed) {
  FakePlan plan = fake_landmark_plan();
  plan.outputs[0].name = "points";
  expect_refused(plan, "an output \"landmarks\"");

  plan = fake_landmark_plan();
  plan.outputs[0].shape = {6, 2};
  expect_refused(plan, "a batch of 10 numbers each");

  plan = fake_landmark_plan();
  plan.outputs.pop_back();
  expect_refused(plan, "one input and 3 outputs");

  expect_refused(fake_landmark_plan(), "(-1, 3, 64, 64)", 64);
}

TEST(ChooseProfile, PadsLeastThenTakesTheTightest) {
  const std::vector<BatchProfile> profiles{{0, 1, 64}, {1, 1, 4}, {2, 8, 16}};
  const auto expect = [&](int count, int profile, int batch) {
    const ProfileChoice choice = choose_profile(profiles, count);
    EXPECT_EQ(choice.profile, profile) << count;
    EXPECT_EQ(choice.batch, batch) << count;
  };
  expect(1, 1, 1);
  expect(4, 1, 4);
  expect(5, 0, 5);
  expect(8, 2, 8);
  expect(17, 0, 17);
}

TEST(ChooseProfile, PadsToTheSmallestBatch) {
  const std::vector<BatchProfile> profiles{{0, 8, 16}, {1, 4, 6}};
  EXPECT_EQ(choose_profile(profiles, 1).batch, 4);
  EXPECT_EQ(choose_profile(profiles, 1).profile, 1);
  EXPECT_EQ(choose_profile(profiles, 7).batch, 8);
}

}  // namespace
}  // namespace kilomark::cuda
