#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cuda/plugin/tensorrt.hpp"

namespace kilomark::cuda {

// One number of an output: the mean of a rectangle of the input, over channels that follow each
// other, or, where the rectangle is empty, a constant.
struct FakeValue {
  float constant = 0.0F;
  int first_channel = 0;
  int num_channels = 1;
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

// What a fake engine is: its plan is this, written as text.
//
// Its networks are those of tests/tiny_bundles.py. Outputs, by name:
//   landmarks  of five, pixel positions that never change: (8, 12), (14, 12), (24, 12), (18, 12),
//              (16, 20); of any other number, the means of cells of 8 px: of channel 0, 1, 2, the
//              next cell's of channel 0 ..., row by row and from the first again
//   spread     the mean of channel 0, 1, 2, 0, 1; zeros
//   presence   the mean of all channels; 1 where the landmarks are means
//   scores     the mean of each cell, of each stride in order
//   distances  the stride, four times
//   keypoints  offsets that never change
struct FakePlan {
  struct Output {
    std::string name;
    TensorType type = TensorType::kFloat;
    std::vector<std::int64_t> shape;  // of an item
    bool hides_shape =
        false;  // the engine says only how many dimensions there are, not their sizes

    [[nodiscard]] std::size_t size() const;
  };
  struct Profile {
    int smallest = 1;
    int largest = 16;
  };

  int width = 32;
  int height = 32;
  TensorType input_type = TensorType::kFloat;
  std::vector<int> strides;
  std::vector<Output> outputs;
  std::vector<Profile> profiles{{}};

  [[nodiscard]] std::string serialize() const;

  [[nodiscard]] std::size_t input_size() const;  // of an item, in numbers

  // What an output holds for an item, size() values.
  [[nodiscard]] std::vector<FakeValue> values(const Output& output) const;

  // What an engine of this plan says of itself.
  [[nodiscard]] std::vector<TensorInfo> tensors() const;
  [[nodiscard]] std::vector<ProfileShapes> profile_shapes() const;

  // What an output's shape is at a batch.
  [[nodiscard]] Shape shape_of(const std::string& name, std::int64_t batch) const;

  // Whether the profile with this index takes an input of this shape.
  [[nodiscard]] bool takes(int profile, const Shape& shape) const;
};

// None where the plan is no fake plan.
[[nodiscard]] std::optional<FakePlan> parse_fake_plan(std::span<const std::byte> plan);

[[nodiscard]] FakePlan fake_landmark_plan(int size = 32);
[[nodiscard]] FakePlan fake_finder_plan(int size = 64);

}  // namespace kilomark::cuda
