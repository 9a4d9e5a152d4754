#pragma once

#include <cstdint>
#include <string_view>

namespace kilomark::onnx {

// What is known of a tensor: whether its elements are whole numbers, and all of them above 0.
struct TensorFacts {
  std::string_view name;
  bool is_integer = false;
  bool is_positive = false;  // of whole numbers alone
};

// Whether a TensorProto.DataType is one of whole numbers.
[[nodiscard]] bool is_integer_type(std::uint64_t type);

// Checks a TensorProto: its data are in the file and as many as its type and shape need. Throws
// Error{kBundle}.
[[nodiscard]] TensorFacts check_tensor(std::string_view message);

}  // namespace kilomark::onnx
