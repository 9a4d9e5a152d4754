#pragma once

#include <string_view>

#include "cpu/openvino_model.hpp"

namespace kilomark::cpu {

inline constexpr std::int64_t kMaxValueElements = std::int64_t{1} << 28;

// The shape of a value between the nodes of the ONNX file `model` that no network has, when its
// input has the shape `input`; one without a rank if there is none. It has more numbers than
// kMaxValueElements, where open dimensions count as 1, or none at all in two dimensions or more:
// OpenVINO 2026.0 divides by their number.
[[nodiscard]] OpenShape find_absurd_value(std::string_view model, const OpenShape& input);

}  // namespace kilomark::cpu
