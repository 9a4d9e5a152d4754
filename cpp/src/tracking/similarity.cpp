#include "similarity.hpp"

#include <cmath>

namespace kilomark::tracking {

namespace {

struct Mean {
  double x = 0.0;
  double y = 0.0;
};

Mean weighted_mean(std::span<const Point> points, std::span<const float> weights) {
  double sum = 0.0;
  Mean mean;
  for (std::size_t k = 0; k < points.size(); ++k) {
    const auto weight = static_cast<double>(weights[k]);
    sum += weight;
    mean.x += weight * static_cast<double>(points[k].x);
    mean.y += weight * static_cast<double>(points[k].y);
  }
  return {mean.x / sum, mean.y / sum};
}

}  // namespace

Similarity Similarity::of(double x, double y, double log_scale, double angle_rad) {
  const double scale = std::exp(log_scale);
  return {scale * std::cos(angle_rad), scale * std::sin(angle_rad), x, y};
}

Point Similarity::apply(Point point) const {
  const auto x = static_cast<double>(point.x);
  const auto y = static_cast<double>(point.y);
  return {static_cast<float>(a * x - b * y + tx), static_cast<float>(b * x + a * y + ty)};
}

Similarity Similarity::inverse() const {
  const double squared = a * a + b * b;
  const double ia = a / squared;
  const double ib = -b / squared;
  return {ia, ib, -(ia * tx - ib * ty), -(ib * tx + ia * ty)};
}

Similarity Similarity::operator*(const Similarity& before) const {
  return {a * before.a - b * before.b, a * before.b + b * before.a,
          a * before.tx - b * before.ty + tx, b * before.tx + a * before.ty + ty};
}

double Similarity::scale() const { return std::hypot(a, b); }

double Similarity::angle_rad() const { return std::atan2(b, a); }

Similarity fit_similarity(std::span<const Point> from, std::span<const Point> to,
                          std::span<const float> weights) {
  const Mean mean_from = weighted_mean(from, weights);
  const Mean mean_to = weighted_mean(to, weights);
  double along = 0.0;
  double across = 0.0;
  double spread = 0.0;
  for (std::size_t k = 0; k < from.size(); ++k) {
    const auto weight = static_cast<double>(weights[k]);
    const double fx = static_cast<double>(from[k].x) - mean_from.x;
    const double fy = static_cast<double>(from[k].y) - mean_from.y;
    const double gx = static_cast<double>(to[k].x) - mean_to.x;
    const double gy = static_cast<double>(to[k].y) - mean_to.y;
    along += weight * (fx * gx + fy * gy);
    across += weight * (fx * gy - fy * gx);
    spread += weight * (fx * fx + fy * fy);
  }
  Similarity map;
  if (spread > 0.0 && (along != 0.0 || across != 0.0)) {
    map.a = along / spread;
    map.b = across / spread;
  }
  map.tx = mean_to.x - (map.a * mean_from.x - map.b * mean_from.y);
  map.ty = mean_to.y - (map.b * mean_from.x + map.a * mean_from.y);
  return map;
}

}  // namespace kilomark::tracking
