#pragma once

#include <string_view>

namespace kilomark::onnx {

// Checks a ValueInfoProto: a tensor of at most kMaxOnnxRank dimensions. Returns its name. Throws
// Error{kBundle}.
std::string_view check_value(std::string_view message);

}  // namespace kilomark::onnx
