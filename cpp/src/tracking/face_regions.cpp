#include "face_regions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace kilomark::tracking {

namespace {

constexpr float kDegrees = 180.0F / std::numbers::pi_v<float>;

Point mean_of(std::span<const Point> points, std::span<const int> indices) {
  Point mean;
  for (const int index : indices) {
    mean.x += points[static_cast<std::size_t>(index)].x;
    mean.y += points[static_cast<std::size_t>(index)].y;
  }
  const auto count = static_cast<float>(indices.size());
  return {mean.x / count, mean.y / count};
}

Box box_at(Point center, float width, float height) {
  return {center.x - 0.5F * width, center.y - 0.5F * height, center.x + 0.5F * width,
          center.y + 0.5F * height};
}

}  // namespace

FaceRegion region_of(std::span<const Point> landmarks, const FaceLayout& layout,
                     float fallback_angle_deg) {
  float angle = fallback_angle_deg / kDegrees;
  if (!layout.right_eye.empty() && !layout.left_eye.empty()) {
    const Point right = mean_of(landmarks, layout.right_eye);
    const Point left = mean_of(landmarks, layout.left_eye);
    angle = std::atan2(left.y - right.y, left.x - right.x);
  }
  const float c = std::cos(angle);
  const float s = std::sin(angle);
  constexpr float kFar = std::numeric_limits<float>::infinity();
  Box upright{kFar, kFar, -kFar, -kFar};
  for (const Point& p : landmarks) {
    const Point q{c * p.x + s * p.y, c * p.y - s * p.x};
    upright = {std::min(upright.x0, q.x), std::min(upright.y0, q.y), std::max(upright.x1, q.x),
               std::max(upright.y1, q.y)};
  }
  const Point middle = center_of(upright);
  const Point center{c * middle.x - s * middle.y, s * middle.x + c * middle.y};
  return {box_at(center, upright.x1 - upright.x0, upright.y1 - upright.y0), angle * kDegrees, 1.0F};
}

FaceRegion moved(const FaceRegion& region, const Similarity& motion) {
  const auto scale = static_cast<float>(motion.scale());
  const Box& box = region.box;
  return {
      box_at(motion.apply(center_of(box)), scale * (box.x1 - box.x0), scale * (box.y1 - box.y0)),
      region.angle_deg + static_cast<float>(motion.angle_rad()) * kDegrees, region.score};
}

Similarity motion_between(const FaceRegion& from, const FaceRegion& to) {
  const Point center = center_of(from.box);
  const Point target = center_of(to.box);
  const auto turn = static_cast<double>(std::remainder(to.angle_deg - from.angle_deg, 360.0F));
  const double log_scale = std::log(static_cast<double>(std::max(longer_side(to.box), 1e-3F)) /
                                    static_cast<double>(std::max(longer_side(from.box), 1e-3F)));
  Similarity motion = Similarity::of(0.0, 0.0, log_scale, turn / static_cast<double>(kDegrees));
  const Point moved_center = motion.apply(center);
  motion.tx = static_cast<double>(target.x - moved_center.x);
  motion.ty = static_cast<double>(target.y - moved_center.y);
  return motion;
}

float overlap_of(const Box& a, const Box& b) {
  const float width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
  const float height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
  if (width <= 0.0F || height <= 0.0F) {
    return 0.0F;
  }
  const auto area = [](const Box& box) { return (box.x1 - box.x0) * (box.y1 - box.y0); };
  return width * height / (area(a) + area(b) - width * height);
}

float share_in_image(const Box& box, int width, int height) {
  const float inside_x = std::min(box.x1, static_cast<float>(width)) - std::max(box.x0, 0.0F);
  const float inside_y = std::min(box.y1, static_cast<float>(height)) - std::max(box.y0, 0.0F);
  const float area = (box.x1 - box.x0) * (box.y1 - box.y0);
  return inside_x <= 0.0F || inside_y <= 0.0F || area <= 0.0F ? 0.0F : inside_x * inside_y / area;
}

RegionChange change_between(const FaceRegion& from, const FaceRegion& to) {
  const Point a = center_of(from.box);
  const Point b = center_of(to.box);
  const float side = longer_side(from.box);
  return {std::hypot(b.x - a.x, b.y - a.y) / side,
          std::abs(std::log(std::max(longer_side(to.box), 1e-3F) / side)),
          std::abs(std::remainder(to.angle_deg - from.angle_deg, 360.0F))};
}

bool exceeds(const RegionChange& change, const RegionChange& limit) {
  return change.shift > limit.shift || change.log_scale > limit.log_scale ||
         change.angle_deg > limit.angle_deg;
}

}  // namespace kilomark::tracking
