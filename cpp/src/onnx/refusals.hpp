#pragma once

#include <string>
#include <string_view>

namespace kilomark::onnx {

// Throw Error{kBundle}.
[[noreturn]] void refuse(const std::string& found, const std::string& expected);
[[noreturn]] void refuse_field(std::string_view message, unsigned number);

// Refuses a field that came before, of those that stand once.
void check_once(bool& seen, std::string_view field);

// Refuses names longer than kMaxOnnxNameBytes.
std::string_view check_name(std::string_view name);

}  // namespace kilomark::onnx
