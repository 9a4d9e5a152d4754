#include "cpu/openvino_session.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "cpu/value_sizes.hpp"
#include "kilomark/error.hpp"
#include "kilomark/onnx_check.hpp"
#include "onnx_model.hpp"

namespace kilomark::cpu {
namespace {

constexpr int kLandmarks = 4;

// A network without weights: image (N, 3, 2, 4) to landmarks (N, 4, 2), spread (N, 4) and presence
// (N,), each a sum over the other dimensions.
std::string make_model() {
  using namespace onnx_model;
  const Message unkept = integer("keepdims", 0);
  Message graph;
  graph.add(1, node("Transpose", "image", "turned", {integers("perm", {0, 1, 3, 2})}))
      .add(1, node("ReduceSum", "turned", "landmarks", {integers("axes", {1}), unkept}))
      .add(1, node("ReduceSum", "landmarks", "spread", {integers("axes", {2}), unkept}))
      .add(1, node("ReduceSum", "spread", "presence", {integers("axes", {1}), unkept}))
      .add(2, "sums")
      .add(11, value("image", {"n", "3", "h", "w"}))
      .add(12, value("landmarks", {"n", "w", "h"}))
      .add(12, value("spread", {"n", "w"}))
      .add(12, value("presence", {"n"}));
  return file(graph);
}

class OpenvinoSessionTest : public testing::Test {
 protected:
  [[nodiscard]] NetworkSpec spec() const {
    return {"landmark",
            std::make_shared<const std::string>(model_),
            input_,
            {{"landmarks", {kLandmarks, 2}}, {"spread", {kLandmarks}}, {"presence", {}}}};
  }

  std::string model_ = make_model();
  NetworkInput input_ = {kLandmarks, 2, ChannelOrder::kRgb, {}, {1.0F, 1.0F, 1.0F}};
};

struct Outputs {
  explicit Outputs(std::size_t count)
      : landmarks(count * kLandmarks * 2), spread(count * kLandmarks), presence(count) {}
  std::vector<float> landmarks, spread, presence;
};

// Runs on `count` inputs filled with first, first + 1, ...
Outputs run(OpenvinoSession& session, std::size_t count, float first) {
  const OpenvinoSession::Lease lane = session.lease();
  const InputShape shape{count, 2, kLandmarks};
  const std::span<float> input = lane->input_for(shape);
  for (std::size_t i = 0; i < count; ++i) {
    std::ranges::fill(input.subspan(i * shape.item_size(), shape.item_size()),
                      first + static_cast<float>(i));
  }
  Outputs outputs(count);
  const std::span<float> spans[] = {outputs.landmarks, outputs.spread, outputs.presence};
  session.run(*lane, shape, spans);
  return outputs;
}

void expect_outputs(const Outputs& outputs, float first) {
  for (std::size_t i = 0; i < outputs.presence.size(); ++i) {
    const float value = first + static_cast<float>(i);
    EXPECT_EQ(outputs.landmarks[i * kLandmarks * 2 + 7], 3.0F * value);
    EXPECT_EQ(outputs.spread[i * kLandmarks], 6.0F * value);
    EXPECT_EQ(outputs.presence[i], 24.0F * value);
  }
}

TEST_F(OpenvinoSessionTest, RunsBatchesOfEverySizeUpToTheLargest) {
  OpenvinoSession session(spec(), {1, 5});
  for (const std::size_t count : {1U, 5U, 2U, 1U, 3U}) {
    expect_outputs(run(session, count, static_cast<float>(count)), static_cast<float>(count));
  }
}

TEST_F(OpenvinoSessionTest, RunsAtMoreSizesThanItCompilesFor) {
  NetworkSpec resizable = spec();
  resizable.size_step = 1;
  OpenvinoSession session(resizable, {1, 3});
  for (int height = 1; height <= 9; ++height) {
    for (const std::size_t count : {1U, 3U, 1U}) {
      const OpenvinoSession::Lease lane = session.lease();
      const InputShape shape{count, height, kLandmarks};
      std::ranges::fill(lane->input_for(shape), 1.0F);
      std::vector<float> landmarks(count * kLandmarks * static_cast<std::size_t>(height));
      std::vector<float> spread(count * kLandmarks);
      std::vector<float> presence(count);
      const std::span<float> spans[] = {landmarks, spread, presence};
      session.run(*lane, shape, spans);
      EXPECT_EQ(presence.back(), 12.0F * static_cast<float>(height));
    }
  }
}

TEST_F(OpenvinoSessionTest, AFailedRunLeavesItUsable) {
  OpenvinoSession session(spec(), {1, 4});
  for (const std::size_t count : {1U, 3U}) {
    const OpenvinoSession::Lease lane = session.lease();
    Outputs outputs(count + 1);  // one too many
    const std::span<float> spans[] = {outputs.landmarks, outputs.spread, outputs.presence};
    try {
      const InputShape shape{count, 2, kLandmarks};
      (void)lane->input_for(shape);
      session.run(*lane, shape, spans);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInference);
    }
  }
  expect_outputs(run(session, 1, 2.0F), 2.0F);
  expect_outputs(run(session, 3, 2.0F), 2.0F);
}

TEST_F(OpenvinoSessionTest, MoreThreadsThanLanesTakeTurns) {
  OpenvinoSession session(spec(), {2, 3});
  const auto work = [&](int thread) {
    for (int turn = 0; turn < 30; ++turn) {
      const auto first = static_cast<float>(100 * thread + turn);
      expect_outputs(run(session, static_cast<std::size_t>(1 + (thread + turn) % 3), first), first);
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 7; ++i) {
    threads.emplace_back(work, i);
  }
}

TEST_F(OpenvinoSessionTest, RefusesAModelThatIsNotAsDescribed) {
  const auto code = [&](const NetworkSpec& described) {
    try {
      const OpenvinoSession session(described, {1, 2});
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInference;
  };
  NetworkSpec other_shape = spec();
  other_shape.outputs[1].shape = {kLandmarks + 1};
  EXPECT_EQ(code(other_shape), ErrorCode::kBundle);
  NetworkSpec other_name = spec();
  other_name.outputs[2].name = "score";
  EXPECT_EQ(code(other_name), ErrorCode::kBundle);
  model_.resize(model_.size() / 2);
  EXPECT_EQ(code(spec()), ErrorCode::kBundle);
}

TEST_F(OpenvinoSessionTest, SeesValuesBetweenNodes) {
  check_onnx(model_);
  constexpr LengthRange kSide{1 << 14, 1 << 14};
  EXPECT_FALSE(find_absurd_value(model_, {true, {{1, 1}, {3, 3}, {2, 2}, kSide}}).has_rank);
  const OpenShape huge = find_absurd_value(model_, {true, {{1, 1}, {3, 3}, kSide, kSide}});
  ASSERT_TRUE(huge.has_rank);  // "turned" alone: landmarks have a third of its numbers
  EXPECT_EQ(huge.dimensions.size(), 4U);
  EXPECT_TRUE(find_absurd_value(model_, {true, {{1, 1}, {3, 3}, {2, 2}, {0, 0}}}).has_rank);
}

}  // namespace
}  // namespace kilomark::cpu
