#pragma once

#include <memory>
#include <string>

#include "cuda/plugin/tensorrt.hpp"

namespace kilomark::cuda {

// A TensorRT that runs fake plans on a GPU, with kernels of its own on the stream that it is given:
// all but TensorRT is then what runs with TensorRT.
class StandInTensorRt final : public TensorRt {
 public:
  explicit StandInTensorRt(Driver& driver) : driver_(driver) {}

  std::unique_ptr<TrtEngine> load(std::span<const std::byte> plan) final;
  std::string take_errors() final;

 private:
  Driver& driver_;
  std::shared_ptr<std::string> errors_ = std::make_shared<std::string>();
};

}  // namespace kilomark::cuda
