#include "batching.hpp"

namespace kilomark {

namespace {

using Outputs = std::vector<std::vector<float>>;

Outputs make_outputs(const OutputSizes& sizes, std::size_t count) {
  Outputs outputs;
  for (const std::size_t size : sizes) {
    outputs.emplace_back(size * count);
  }
  return outputs;
}

// The part of the outputs that inputs [first, first + count) fill.
std::vector<std::span<float>> slice(Outputs& outputs, const OutputSizes& sizes, std::size_t first,
                                    std::size_t count) {
  std::vector<std::span<float>> spans;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    spans.push_back(std::span(outputs[i]).subspan(first * sizes[i], count * sizes[i]));
  }
  return spans;
}

}  // namespace

OutputSizes output_sizes(const LandmarkNetwork& network) {
  const auto count = static_cast<std::size_t>(network.num_landmarks);
  return {2 * count, count, 1};
}

OutputSizes output_sizes(const FinderNetwork& network) {
  const auto cells = static_cast<std::size_t>(network.num_cells());
  return {cells, 4 * cells, 2 * kNumKeypoints * cells};
}

BatchedOutputs run_in_batches(Backend& backend, NetworkRole role, const HeldImages& images,
                              std::span<const CropTask> tasks, const OutputSizes& sizes,
                              int max_batch) {
  BatchedOutputs result{make_outputs(sizes, tasks.size()), {}};
  for_each_batch(tasks.size(), max_batch, [&](std::size_t first, std::size_t count) {
    const BatchTimes times = backend.run(role, images, tasks.subspan(first, count),
                                         slice(result.outputs, sizes, first, count));
    result.times.crop_ms += times.crop_ms;
    result.times.infer_ms += times.infer_ms;
  });
  return result;
}

Outputs infer_in_batches(Backend& backend, NetworkRole role, std::span<const float> tensors,
                         std::size_t input_size, const OutputSizes& sizes, int max_batch) {
  const std::size_t total = tensors.size() / input_size;
  Outputs outputs = make_outputs(sizes, total);
  for_each_batch(total, max_batch, [&](std::size_t first, std::size_t count) {
    backend.infer(role, tensors.subspan(first * input_size, count * input_size),
                  slice(outputs, sizes, first, count));
  });
  return outputs;
}

}  // namespace kilomark
