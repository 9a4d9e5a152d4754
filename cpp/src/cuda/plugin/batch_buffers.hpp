#pragma once

#include <vector>

#include "cuda/plugin/engine_layout.hpp"
#include "cuda/plugin/handles.hpp"

namespace kilomark::cuda {

// The memory of one network, for its largest batch: what goes in and out on the device, and pinned
// memory that it is copied from and to. Allocated once; graphs hold its addresses.
struct BatchBuffers {
  BatchBuffers(Driver& driver, const EngineLayout& layout, std::size_t capacity,
               std::size_t context_bytes);

  Memory items;  // of CropItem
  Memory items_pinned;
  Memory input;
  Memory context;  // of all execution contexts, which take turns
  std::vector<Memory> outputs;
  std::vector<Memory> outputs_pinned;
  Memory input_pinned;  // for tensors from the host; made when the first come
};

// Writes `count` floats as the tensor's type, and reads them back.
void write_tensor(TensorType type, const float* values, std::size_t count, void* tensor);
void read_tensor(TensorType type, const void* tensor, std::size_t count, float* values);

}  // namespace kilomark::cuda
