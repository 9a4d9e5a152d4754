#include "cuda/plugin/batch_buffers.hpp"

#include <algorithm>

#include "cuda/plugin/half.hpp"

namespace kilomark::cuda {

namespace {

constexpr std::size_t kTensorAlignment = 256;  // that TensorRT asks for

std::size_t aligned(std::size_t bytes) {
  return (bytes + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
}

std::size_t output_bytes(const OutputTensor& output, std::size_t capacity) {
  return aligned(capacity * output.num_floats * size_of(output.type));
}

std::size_t output_bytes(const EngineLayout& layout, std::size_t capacity) {
  std::size_t bytes = 0;
  for (const OutputTensor& output : layout.outputs) {
    bytes += output_bytes(output, capacity);
  }
  return bytes;
}

}  // namespace

BatchBuffers::BatchBuffers(Driver& driver, const EngineLayout& layout, std::size_t capacity,
                           std::size_t context_bytes)
    : input(driver, Memory::Kind::kDevice,
            capacity * layout.input_size * size_of(layout.input_type), "a network's input"),
      context(driver, Memory::Kind::kDevice, context_bytes, "a network's activations"),
      all_outputs(driver, Memory::Kind::kPinned, output_bytes(layout, capacity),
                  "a network's outputs") {
  std::size_t offset = 0;
  for (const OutputTensor& output : layout.outputs) {
    outputs.push_back({all_outputs.as<std::byte>() + offset,
                       static_cast<std::byte*>(all_outputs.on_device()) + offset});
    offset += output_bytes(output, capacity);
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
