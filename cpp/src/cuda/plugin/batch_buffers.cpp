#include "cuda/plugin/batch_buffers.hpp"

#include <algorithm>

#include "cuda/plugin/half.hpp"

namespace kilomark::cuda {

BatchBuffers::BatchBuffers(Driver& driver, const EngineLayout& layout, std::size_t capacity,
                           std::size_t context_bytes)
    : items(driver, Memory::Kind::kDevice, capacity * sizeof(CropItem), "crops"),
      items_pinned(driver, Memory::Kind::kPinned, capacity * sizeof(CropItem), "crops"),
      input(driver, Memory::Kind::kDevice,
            capacity * layout.input_size * size_of(layout.input_type), "a network's input"),
      context(driver, Memory::Kind::kDevice, context_bytes, "a network's activations") {
  for (const OutputTensor& output : layout.outputs) {
    const std::size_t bytes = capacity * output.num_floats * size_of(output.type);
    outputs.emplace_back(driver, Memory::Kind::kDevice, bytes, "a network's output");
    outputs_pinned.emplace_back(driver, Memory::Kind::kPinned, bytes, "a network's output");
  }
}

void write_tensor(TensorType type, const float* values, std::size_t count, void* tensor) {
  if (type == TensorType::kFloat) {
    std::copy_n(values, count, static_cast<float*>(tensor));
  } else {
    std::transform(values, values + count, static_cast<std::uint16_t*>(tensor), to_half);
  }
}

void read_tensor(TensorType type, const void* tensor, std::size_t count, float* values) {
  if (type == TensorType::kFloat) {
    std::copy_n(static_cast<const float*>(tensor), count, values);
  } else {
    const auto* halves = static_cast<const std::uint16_t*>(tensor);
    std::transform(halves, halves + count, values, from_half);
  }
}

}  // namespace kilomark::cuda
