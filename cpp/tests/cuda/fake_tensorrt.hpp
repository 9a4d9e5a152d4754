#pragma once

#include <memory>
#include <string>

#include "cuda/plugin/tensorrt.hpp"
#include "fake_driver.hpp"
#include "fake_plan.hpp"

namespace kilomark::cuda {

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
