#pragma once

#include <string_view>
#include <unordered_map>

#include "onnx/node_check.hpp"
#include "onnx/tensor_check.hpp"

namespace kilomark::onnx {

// Which values of a network are whole numbers, as far as its operators tell.
//
// OpenVINO computes what depends on constants alone when it loads a network, and divides whole
// numbers as the processor does: by 0, or the lowest number by -1, ends the process. So whole
// numbers may be divided by positive constants only.
class ValueTypes {
 public:
  void add_tensor(const TensorFacts& tensor) { facts_[tensor.name] = tensor; }

  // Adds the outputs of a node whose inputs are known. Throws Error{kBundle} for a division that is
  // not allowed.
  void add_node(const CheckedNode& node);

 private:
  [[nodiscard]] TensorFacts facts_of(const CheckedNode& node, std::size_t input) const;
  [[nodiscard]] TensorFacts result_of(const CheckedNode& node) const;
  void check_division(const CheckedNode& node) const;

  std::unordered_map<std::string_view, TensorFacts> facts_;
};

}  // namespace kilomark::onnx
