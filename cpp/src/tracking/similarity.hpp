#pragma once

#include <span>

#include "kilomark/geometry.hpp"

namespace kilomark::tracking {

// x' = a x - b y + tx, y' = b x + a y + ty: scale, rotation (clockwise in an image), shift.
struct Similarity {
  double a = 1.0;
  double b = 0.0;
  double tx = 0.0;
  double ty = 0.0;

  [[nodiscard]] static Similarity of(double x, double y, double log_scale, double angle_rad);
  [[nodiscard]] Point apply(Point point) const;
  [[nodiscard]] Similarity inverse() const;
  // First `before`, then this.
  [[nodiscard]] Similarity operator*(const Similarity& before) const;
  [[nodiscard]] double scale() const;
  [[nodiscard]] double angle_rad() const;
};

// The least-squares similarity that maps `from` onto `to`, each pair weighted (Umeyama 1991, in two
// dimensions). The three spans have the same size; the weights' sum is positive.
[[nodiscard]] Similarity fit_similarity(std::span<const Point> from, std::span<const Point> to,
                                        std::span<const float> weights);

}  // namespace kilomark::tracking
