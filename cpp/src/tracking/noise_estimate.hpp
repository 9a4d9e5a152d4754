#pragma once

#include <algorithm>
#include <cmath>

namespace kilomark::tracking {

// How much noisier measurements are than expected.
//
// Let d_n be the change from one measurement to the next. Noise of variance s^2 that is independent
// from frame to frame gives E[d_n d_(n-1)] = -s^2; smooth motion gives a positive product. So the
// mean of -d_n d_(n-1) over the last half second, in units of the expected variance, is the square
// of the factor, within its limits. A new face begins with the largest factor: its first crops come
// from the detector, and the network's answers still settle.
class NoiseEstimate {
 public:
  // `product` is d_n d_(n-1) over the expected variance.
  void add(double product, double dt_s) {
    constexpr double kMemoryS = 0.5;
    constexpr double kLargest = 4.0 * kMost * kMost;  // so that one leap does not last
    const double share = 1.0 - std::exp(-dt_s / kMemoryS);
    variance_ += share * (std::clamp(-product, -kLargest, kLargest) - variance_);
  }

  [[nodiscard]] double factor() const {
    return std::clamp(std::sqrt(std::max(variance_, 0.0)), kLeast, kMost);
  }

 private:
  static constexpr double kLeast = 1.0;
  static constexpr double kMost = 3.0;

  double variance_ = kMost * kMost;
};

}  // namespace kilomark::tracking
