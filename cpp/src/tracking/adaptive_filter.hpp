#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace kilomark::tracking {

// How strongly a filter holds on to its prediction.
//
// surprise = |measured - predicted| / noise. Up to `calm` it is taken for noise, and the gain is
// that of `calm_time_s`. At `restless` it is the small motion of a head that is held still, and the
// gain is that of `restless_time_s`. From `moved` on the gain is 1: the measurement as it is. In
// between the gain rises linearly.
struct FilterTuning {
  double calm_time_s = 0.25;
  double restless_time_s = 0.04;
  double calm = 2.5;
  double restless = 6.0;
  double moved = 25.0;
};

[[nodiscard]] inline double gain_of_time(double dt_s, double time_s) {
  return time_s > 0.0 ? 1.0 - std::exp(-dt_s / time_s) : 1.0;
}

[[nodiscard]] inline double adaptive_gain(double surprise, double dt_s,
                                          const FilterTuning& tuning) {
  const double least = gain_of_time(dt_s, tuning.calm_time_s);
  const double middle = gain_of_time(dt_s, tuning.restless_time_s);
  const auto share = [&](double from, double to) {
    return std::clamp((surprise - from) / (to - from), 0.0, 1.0);
  };
  return least + (middle - least) * share(tuning.calm, tuning.restless) +
         (1.0 - middle) * share(tuning.restless, tuning.moved);
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
