#pragma once

#include <string_view>

#include "cpu/openvino_model.hpp"

namespace kilomark::cpu {

inline constexpr std::int64_t kMaxValueElements = std::int64_t{1} << 28;

// The shape of a value in the ONNX file `model` that has more than kMaxValueElements numbers when
// its input has the shape `input`; one without a rank if there is none. Open dimensions count as 1.
[[nodiscard]] OpenShape find_huge_value(std::string_view model, const OpenShape& input);

}  // namespace kilomark::cpu
