#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda/tensorrt.hpp"
#include "fake_driver.hpp"

namespace kilomark::cuda {

// What a fake engine is: its plan is this, written as text.
//
// Its networks are those of tests/tiny_bundles.py. Outputs, by name:
//   landmarks  pixel positions that never change: (8, 12), (14, 12), (24, 12), (18, 12), (16, 20)
//   spread     the mean of channel 0, 1, 2, 0, 1
//   presence   the mean of all channels
//   scores     the mean of each cell, of each stride in order
//   distances  the stride, four times
//   keypoints  offsets that never change
struct FakePlan {
  struct Output {
    std::string name;
    TensorType type = TensorType::kFloat;
    std::vector<std::int64_t> shape;  // of an item
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
};

[[nodiscard]] FakePlan fake_landmark_plan(int size = 32);
[[nodiscard]] FakePlan fake_finder_plan(int size = 64);

// A TensorRT that runs fake plans on a fake driver. It counts what real TensorRT leaves undefined:
// a graph whose context has changed or is gone, a capture before the first run.
class FakeTensorRt final : public TensorRt {
 public:
  explicit FakeTensorRt(FakeDriver& driver);

  std::unique_ptr<TrtEngine> load(std::span<const std::byte> plan) final;
  std::string take_errors() final;

  // Of all instances.
  [[nodiscard]] static int take_violations();  // since the last call
  [[nodiscard]] static int num_contexts();     // alive

 private:
  FakeDriver& driver_;
  std::shared_ptr<std::string> errors_;
};

}  // namespace kilomark::cuda
