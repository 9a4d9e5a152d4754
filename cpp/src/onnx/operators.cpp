#include "onnx/operators.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace kilomark::onnx {

namespace {

// Those of exported networks and their close relatives, sorted. Left out are operators with
// subgraphs (Loop, If, Scan), with indices that the data choose freely (GatherND, ScatterND,
// GatherElements, TopK, NonMaxSuppression) and with state or randomness.
constexpr std::array kOperators = std::to_array<std::string_view>({
    "Abs",
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Clip",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "DequantizeLinear",
    "Div",
    "Dropout",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Greater",
    "GreaterOrEqual",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "InstanceNormalization",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "LogSoftmax",
    "MatMul",
    "Max",
    "MaxPool",
    "Mean",
    "Min",
    "Mish",
    "Mul",
    "Neg",
    "Not",
    "PRelu",
    "Pad",
    "Pow",
    "QuantizeLinear",
    "Range",
    "Reciprocal",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Resize",
    "Round",
    "Shape",
    "Sigmoid",
    "Sign",
    "Slice",
    "Softmax",
    "Softplus",
    "SpaceToDepth",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Tile",
    "Transpose",
    "Unsqueeze",
    "Where",
});
static_assert(std::ranges::is_sorted(kOperators));

constexpr const char* kExtraOperators = "KILOMARK_EXTRA_OPERATORS";

bool is_in_list(std::string_view name, std::string_view comma_separated) {
  while (!comma_separated.empty()) {
    const std::size_t comma = std::min(comma_separated.find(','), comma_separated.size());
    if (comma_separated.substr(0, comma) == name) {
      return true;
    }
    comma_separated.remove_prefix(std::min(comma + 1, comma_separated.size()));
  }
  return false;
}

}  // namespace

bool is_allowed_operator(std::string_view name) {
  if (std::ranges::binary_search(kOperators, name)) {
    return true;
  }
  const char* extra = std::getenv(kExtraOperators);
  return extra != nullptr && !name.empty() && is_in_list(name, extra);
}

}  // namespace kilomark::onnx
