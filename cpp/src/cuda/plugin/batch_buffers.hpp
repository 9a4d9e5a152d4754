#pragma once

#include <vector>

#include "cuda/plugin/engine_layout.hpp"
#include "cuda/plugin/handles.hpp"

namespace kilomark::cuda {

// An output in pinned memory: the network writes it, the CPU reads it, and nothing is copied.
struct OutputBuffer {
  void* on_host;
  void* on_device;
};

// The memory of one runner, for its largest batch. Allocated once; graphs hold its addresses.
struct BatchBuffers {
  BatchBuffers(Driver& driver, const EngineLayout& layout, std::size_t capacity,
               std::size_t context_bytes);

  Memory input;
  Memory context;                     // of all execution contexts, which take turns
  Memory all_outputs;                 // pinned, one block
  Memory input_pinned;                // for tensors from the host; made when the first come
  std::vector<OutputBuffer> outputs;  // parts of all_outputs
};

// Writes `count` floats as the tensor's type, and reads them back.
void write_tensor(TensorType type, const float* values, std::size_t count, void* tensor);
void read_tensor(TensorType type, const void* tensor, std::size_t count, float* values);

}  // namespace kilomark::cuda
