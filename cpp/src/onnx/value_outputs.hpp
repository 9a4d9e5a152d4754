#pragma once

#include <string>
#include <string_view>

namespace kilomark::onnx {

// An ONNX file like `model`, which check_onnx() has accepted, with every value that a node computes
// for another node among its outputs, so that their shapes can be read.
[[nodiscard]] std::string with_value_outputs(std::string_view model);

}  // namespace kilomark::onnx
