#include "batching.hpp"

#include "stopwatch.hpp"

namespace kilomark {

NetworkOutputs::NetworkOutputs(const NetworkSpec& spec, std::size_t count) : spec_(spec) {
  for (const NamedOutput& output : spec.outputs) {
    values_.emplace_back(output.size() * count);
  }
}

std::span<const float> NetworkOutputs::all(std::string_view output) const {
  const std::size_t index = spec_.find_output(output);
  return index < values_.size() ? std::span(values_[index]) : std::span<const float>();
}

std::span<const float> NetworkOutputs::of_item(std::string_view output, std::size_t item) const {
  const std::size_t index = spec_.find_output(output);
  if (index >= values_.size()) {
    return {};
  }
  const std::size_t size = spec_.outputs[index].size();
  return std::span(values_[index]).subspan(item * size, size);
}

std::vector<std::span<float>> NetworkOutputs::slice(std::size_t first, std::size_t count) {
  std::vector<std::span<float>> spans;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const std::size_t size = spec_.outputs[i].size();
    spans.push_back(std::span(values_[i]).subspan(first * size, count * size));
  }
  return spans;
}

BatchedTimes run_in_batches(const LoadedNetwork& network, const HeldImages& images,
                            std::span<const CropTask> tasks, const UseBatch& use) {
  BatchedTimes times;
  Stopwatch stopwatch;
  for_each_batch(tasks.size(), network.max_batch, [&](std::size_t first, std::size_t count) {
    if (first > 0 && network.between_batches) {
      network.between_batches();
    }
    NetworkOutputs outputs(network.spec, count);
    const BatchTimes batch = network.backend.run(network.index, images, tasks.subspan(first, count),
                                                 outputs.slice(0, count));
    const double run_ms = stopwatch.lap_ms();
    const double crop_ms = std::min(batch.crop_ms, run_ms);
    times.crop_ms += crop_ms;
    times.infer_ms += run_ms - crop_ms;
    use(first, count, outputs);
    times.use_ms += stopwatch.lap_ms();
  });
  return times;
}

NetworkOutputs infer_in_batches(const LoadedNetwork& network, std::span<const float> tensors) {
  const std::size_t size = network.spec.input_size();
  const std::size_t total = tensors.size() / size;
  NetworkOutputs outputs(network.spec, total);
  for_each_batch(total, network.max_batch, [&](std::size_t first, std::size_t count) {
    network.backend.infer(network.index, tensors.subspan(first * size, count * size),
                          outputs.slice(first, count));
  });
  return outputs;
}

}  // namespace kilomark
