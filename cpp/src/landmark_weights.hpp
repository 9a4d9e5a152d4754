#pragma once

#include <algorithm>

namespace kilomark {

inline constexpr float kLeastSpreadPx = 1e-3F;
inline constexpr float kMostSpreadRatio = 1e6F;  // keeps its third power finite

// How much another network counts at a landmark, 0 to 1; its spread counts `factor` times.
[[nodiscard]] inline float share_of_other(float spread, float other, float factor) {
  const float ratio =
      std::min(factor * std::max(other, kLeastSpreadPx) / std::max(spread, kLeastSpreadPx),
               kMostSpreadRatio);
  return 1.0F / (1.0F + ratio * ratio * ratio);
}

[[nodiscard]] inline float blend_values(float one, float other, float share) {
  return one + share * (other - one);
}

}  // namespace kilomark
