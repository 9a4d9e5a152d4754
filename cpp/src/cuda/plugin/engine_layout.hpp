#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cuda/plugin/tensorrt.hpp"
#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

inline constexpr const char* kInputName = "image";

struct OutputTensor {
  std::string name;
  TensorType type = TensorType::kFloat;
  std::size_t num_floats = 0;  // per item
};

// An optimization profile, by the batches that it takes.
struct BatchProfile {
  int index = 0;
  int smallest = 0;
  int largest = 0;
};

[[nodiscard]] std::string to_text(const Shape& shape);  // "(1, 3, 128, 128)"
// The numbers that a shape holds; 0 if a dimension of it is not known.
[[nodiscard]] std::size_t count_of(const Shape& shape);

// What an engine takes and gives, once it is known to be what its description says.
struct EngineLayout {
  TensorType input_type = TensorType::kFloat;
  std::size_t input_size = 0;         // numbers per item
  std::vector<OutputTensor> outputs;  // in the description's order
  std::vector<BatchProfile> profiles;

  [[nodiscard]] int largest_batch() const;
  [[nodiscard]] int smallest_batch() const;
};

// Throws Error{kBundle} if the engine does not fit the description.
[[nodiscard]] EngineLayout read_engine_layout(TrtEngine& engine, const NetworkConfig& network);

// The profile for `count` items, and the batch to run it at: `count`, or more where every profile
// begins above it. `count` is at most the largest batch of a profile.
struct ProfileChoice {
  int profile = 0;
  int batch = 0;
};
[[nodiscard]] ProfileChoice choose_profile(std::span<const BatchProfile> profiles, int count);

// The batches that a session prepares, in growing order: 1, 2, 4 ... up to `capacity`, each at
// its profile. A batch between two of them is padded to the larger one.
[[nodiscard]] std::vector<ProfileChoice> choose_batches(std::span<const BatchProfile> profiles,
                                                        int capacity);

}  // namespace kilomark::cuda
