#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "kilomark/backend.hpp"

namespace kilomark {

// One network that a backend has loaded, and how it is run.
struct LoadedNetwork {
  Backend& backend;
  std::size_t index;        // in the backend's list
  const NetworkSpec& spec;  // without its model
  int max_batch;
  std::function<void()> between_batches;  // may be empty; what it throws ends the call
};

// The outputs of N inputs, read by name.
class NetworkOutputs {
 public:
  NetworkOutputs(const NetworkSpec& spec, std::size_t count);

  // All items of an output, (N, *shape). An output that the network does not have is empty.
  [[nodiscard]] std::span<const float> all(std::string_view output) const;
  [[nodiscard]] std::span<const float> of_item(std::string_view output, std::size_t item) const;

  // The part that items [first, first + count) fill, one span per output.
  [[nodiscard]] std::vector<std::span<float>> slice(std::size_t first, std::size_t count);

  // Moves the values out, in the order of the spec's outputs.
  [[nodiscard]] std::vector<std::vector<float>> take() && { return std::move(values_); }

 private:
  const NetworkSpec& spec_;
  std::vector<std::vector<float>> values_;
};

// Calls run_batch(first, count) for `total` items in batches of at most `max_batch`.
template <class RunBatch>
void for_each_batch(std::size_t total, int max_batch, const RunBatch& run_batch) {
  const auto largest = static_cast<std::size_t>(max_batch);
  for (std::size_t first = 0; first < total; first += largest) {
    run_batch(first, std::min(largest, total - first));
  }
}

// Wall-clock time of many batches, which adds up to that of the call.
struct BatchedTimes {
  double crop_ms = 0.0;
  double infer_ms = 0.0;  // and the time between crop and use
  double use_ms = 0.0;
};

// Runs any number of tasks in batches, and passes each batch's outputs on:
// use(first, count, outputs), items counted from 0 in each batch.
using UseBatch = std::function<void(std::size_t, std::size_t, const NetworkOutputs&)>;
BatchedTimes run_in_batches(const LoadedNetwork& network, const HeldImages& images,
                            std::span<const CropTask> tasks, const UseBatch& use);

// Runs normalized tensors of input_size() floats each in batches.
[[nodiscard]] NetworkOutputs infer_in_batches(const LoadedNetwork& network,
                                              std::span<const float> tensors);

}  // namespace kilomark
