#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "kilomark/backend.hpp"

namespace kilomark {

// The shapes of a network's outputs for one input, in numbers of float.
using OutputSizes = std::vector<std::size_t>;

[[nodiscard]] OutputSizes output_sizes(const LandmarkNetwork& network);
[[nodiscard]] OutputSizes output_sizes(const FinderNetwork& network);

// Outputs of N inputs, one vector per output, and the time that they took.
struct BatchedOutputs {
  std::vector<std::vector<float>> outputs;
  BatchTimes times;
};

// Calls run_batch(first, count) for `total` items in batches of at most `max_batch`.
template <class RunBatch>
void for_each_batch(std::size_t total, int max_batch, const RunBatch& run_batch) {
  const auto largest = static_cast<std::size_t>(max_batch);
  for (std::size_t first = 0; first < total; first += largest) {
    run_batch(first, std::min(largest, total - first));
  }
}

// Runs any number of tasks in batches of at most `max_batch`.
[[nodiscard]] BatchedOutputs run_in_batches(Backend& backend, NetworkRole role,
                                            const HeldImages& images,
                                            std::span<const CropTask> tasks,
                                            const OutputSizes& sizes, int max_batch);

// The same for tensors of `input_size` floats each.
[[nodiscard]] std::vector<std::vector<float>> infer_in_batches(Backend& backend, NetworkRole role,
                                                               std::span<const float> tensors,
                                                               std::size_t input_size,
                                                               const OutputSizes& sizes,
                                                               int max_batch);

}  // namespace kilomark
