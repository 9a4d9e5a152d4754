#pragma once

#include <chrono>

namespace kilomark {

// Wall-clock milliseconds since it was made or last read.
class Stopwatch {
 public:
  [[nodiscard]] double lap_ms() {
    const Clock::time_point now = Clock::now();
    const double elapsed = std::chrono::duration<double, std::milli>(now - start_).count();
    start_ = now;
    return elapsed;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace kilomark
