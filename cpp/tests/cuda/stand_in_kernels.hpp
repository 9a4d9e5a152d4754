#pragma once

#include "cuda/plugin/driver.hpp"
#include "fake_plan.hpp"

namespace kilomark::cuda {

// What a fake engine computes, on a GPU, in two steps: numbers in float, then outputs of them.

struct NumbersLaunch {
  const FakeValue* values;  // of an item; device memory
  int num_values;
  const void* input;  // (batch, 3, height, width), device memory
  TensorType input_type;
  int width;
  int height;
  int batch;
  float* numbers;  // (batch, num_values), device memory
};

struct OutputLaunch {
  const float* numbers;  // of the first item, from this output's first on
  int num_values;        // from one item to the next
  int size;              // of this output
  int batch;
  void* output;  // (batch, size), device memory
  TensorType output_type;
};

// Each gives a cudaError_t.
[[nodiscard]] int launch_numbers(const NumbersLaunch& launch, StreamHandle stream);
[[nodiscard]] int launch_output(const OutputLaunch& launch, StreamHandle stream);

}  // namespace kilomark::cuda
