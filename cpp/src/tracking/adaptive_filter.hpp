#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace kilomark::tracking {

// How strongly a filter holds on to its prediction.
//
// surprise = |measured - predicted| / noise. Up to `calm` it is taken for noise, and the gain is
// that of the time constant, 1 - exp(-dt / time_s). From `moved` on it is motion, and the gain is
// 1: the measurement as it is. In between the gain rises linearly.
struct FilterTuning {
  double time_s = 0.25;
  double calm = 2.0;
  double moved = 6.0;
};

[[nodiscard]] inline double adaptive_gain(double surprise, double dt_s,
                                          const FilterTuning& tuning) {
  if (tuning.time_s <= 0.0) {
    return 1.0;
  }
  const double least = 1.0 - std::exp(-dt_s / tuning.time_s);
  const double motion =
      std::clamp((surprise - tuning.calm) / (tuning.moved - tuning.calm), 0.0, 1.0);
  return least + (1.0 - least) * motion;
}

// A g-h filter (position and velocity) of N numbers that move together, with an adaptive gain. The
// gain of the velocity follows that of the position: h = g^2 / (2 - g) (Benedict and Bordner 1962).
template <std::size_t N>
class AdaptiveFilter {
 public:
  using Values = std::array<double, N>;

  explicit AdaptiveFilter(const Values& first) : value_(first) {}

  [[nodiscard]] Values predicted(double dt_s) const {
    Values values = value_;
    for (std::size_t i = 0; i < N; ++i) {
      values[i] += dt_s * velocity_[i];
    }
    return values;
  }

  // `noise` is the measurement's standard deviation, in the unit of the values.
  void update(const Values& measured, double dt_s, double noise, const FilterTuning& tuning) {
    const Values before = predicted(dt_s);
    double squared = 0.0;
    for (std::size_t i = 0; i < N; ++i) {
      squared += (measured[i] - before[i]) * (measured[i] - before[i]);
    }
    const double gain = adaptive_gain(std::sqrt(squared) / noise, dt_s, tuning);
    const double velocity_gain = dt_s > kShortestStepS ? gain * gain / (2.0 - gain) / dt_s : 0.0;
    for (std::size_t i = 0; i < N; ++i) {
      const double error = measured[i] - before[i];
      value_[i] = before[i] + gain * error;
      velocity_[i] += velocity_gain * error;
    }
  }

  [[nodiscard]] const Values& value() const { return value_; }
  [[nodiscard]] const Values& velocity() const { return velocity_; }

 private:
  static constexpr double kShortestStepS = 1e-3;

  Values value_;
  Values velocity_{};
};

}  // namespace kilomark::tracking
