#pragma once

#include <string_view>

namespace kilomark::onnx {

// Whether a bundle may use this operator of the standard ONNX domain.
[[nodiscard]] bool is_allowed_operator(std::string_view name);

// Whether it is the domain of standard ONNX.
[[nodiscard]] constexpr bool is_standard_domain(std::string_view domain) {
  return domain.empty() || domain == "ai.onnx";
}

}  // namespace kilomark::onnx
