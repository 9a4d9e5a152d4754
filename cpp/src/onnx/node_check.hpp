#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "onnx/tensor_check.hpp"

namespace kilomark::onnx {

// A node: the values that it reads and writes, borrowed from the file, and what decides the type
// of its outputs. An omitted input is empty.
struct CheckedNode {
  std::string_view operation;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::uint64_t cast_type = 0;  // the attribute "to"
  TensorFacts constant;         // the attribute "value", or whole numbers of another
};

// Checks a NodeProto: operator, attributes, counts. Throws Error{kBundle}.
[[nodiscard]] CheckedNode check_node(std::string_view message);

}  // namespace kilomark::onnx
