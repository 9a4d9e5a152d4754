#pragma once

#include <string_view>

namespace kilomark::onnx {

// Checks a TensorProto: its data are in the file and as many as its type and shape need. Returns
// its name. Throws Error{kBundle}.
std::string_view check_tensor(std::string_view message);

}  // namespace kilomark::onnx
