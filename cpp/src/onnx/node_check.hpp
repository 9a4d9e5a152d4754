#pragma once

#include <string_view>
#include <vector>

namespace kilomark::onnx {

// The values that a node reads and writes, borrowed from the file. An omitted input is empty.
struct NodePorts {
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
};

// Checks a NodeProto: operator, attributes, counts. Throws Error{kBundle}.
[[nodiscard]] NodePorts check_node(std::string_view message);

}  // namespace kilomark::onnx
