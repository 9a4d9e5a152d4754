#include "onnx/value_types.hpp"

#include "onnx/refusals.hpp"
#include "text.hpp"

namespace kilomark::onnx {

void ValueTypes::add_node(const CheckedNode& node) {
  if (node.operation == "Div") {
    check_division(node);
  }
  const TensorFacts result = result_of(node);
  for (const std::string_view name : node.outputs) {
    facts_[name] = result;
  }
}

TensorFacts ValueTypes::facts_of(const CheckedNode& node, std::size_t input) const {
  const auto found = input < node.inputs.size() ? facts_.find(node.inputs[input]) : facts_.end();
  return found == facts_.end() ? TensorFacts{} : found->second;
}

TensorFacts ValueTypes::result_of(const CheckedNode& node) const {
  if (node.operation == "Constant") {
    return node.constant;
  }
  if (node.operation == "ConstantOfShape") {
    return {{}, node.constant.is_integer, false};
  }
  if (node.operation == "Shape" || node.operation == "QuantizeLinear") {
    return {{}, true, false};
  }
  if (node.operation == "Cast") {
    return {{}, is_integer_type(node.cast_type), false};
  }
  if (node.operation == "DequantizeLinear") {
    return {};
  }
  // Where takes its values from the second input, all others from the first.
  return {{}, facts_of(node, node.operation == "Where" ? 1 : 0).is_integer, false};
}

void ValueTypes::check_division(const CheckedNode& node) const {
  const TensorFacts divisor = facts_of(node, 1);
  if ((facts_of(node, 0).is_integer || divisor.is_integer) && !divisor.is_positive) {
    refuse("a division of whole numbers by what may be 0 or negative",
           "a positive constant as the divisor");
  }
}

}  // namespace kilomark::onnx
