#pragma once

#include <cmath>

namespace kilomark {

[[nodiscard]] inline float log_odds(float probability) {
  return std::log(probability / (1.0F - probability));
}

[[nodiscard]] inline float probability(float log_odds) {
  return 1.0F / (1.0F + std::exp(-log_odds));
}

}  // namespace kilomark
