#include "face_filter.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kilomark::tracking {

namespace {

// The frame-to-frame noise of landmarks that lie still, as a share of their expected error. The
// expected error is mostly the network's bias, which stays the same from frame to frame.
constexpr double kNoiseOfLandmark = 0.05;
// Of the rigid motion, an average over many landmarks whose noise is in part the same.
constexpr double kNoiseOfPose = 0.03;

constexpr FilterTuning kPoseTuning{0.25, 0.05, 1.5, 6.0, 30.0};
// At mobility 0 and 1.
constexpr FilterTuning kStillShape{0.40, 0.06, 2.5, 6.0, 40.0};
constexpr FilterTuning kMobileShape{0.15, 0.0, 2.0, 4.0, 10.0};

constexpr float kLeastMobility = 0.02F;  // so that the weights' sum is never 0
constexpr int kNeighbors = 4;            // on each side, whose surprise is averaged

FilterTuning scaled(const FilterTuning& tuning, double smoothing) {
  FilterTuning out = tuning;
  out.calm_time_s *= smoothing;
  out.restless_time_s *= smoothing;
  return out;
}

FilterTuning shape_tuning(double mobility) {
  const auto mixed = [&](double FilterTuning::* value) {
    return kStillShape.*value + mobility * (kMobileShape.*value - kStillShape.*value);
  };
  return {mixed(&FilterTuning::calm_time_s), mixed(&FilterTuning::restless_time_s),
          mixed(&FilterTuning::calm), mixed(&FilterTuning::restless), mixed(&FilterTuning::moved)};
}

// Of one landmark's place in the frame.
double noise_of(float spread_px, double unit_px) {
  return kNoiseOfLandmark * static_cast<double>(std::max(spread_px, 1e-3F)) / unit_px;
}

Point mean_of(std::span<const Point> points) {
  double x = 0.0;
  double y = 0.0;
  for (const Point& p : points) {
    x += static_cast<double>(p.x);
    y += static_cast<double>(p.y);
  }
  const auto count = static_cast<double>(points.size());
  return {static_cast<float>(x / count), static_cast<float>(y / count)};
}

double rms_distance(std::span<const Point> points, Point center) {
  double sum = 0.0;
  for (const Point& p : points) {
    const auto dx = static_cast<double>(p.x - center.x);
    const auto dy = static_cast<double>(p.y - center.y);
    sum += dx * dx + dy * dy;
  }
  return std::max(std::sqrt(sum / static_cast<double>(points.size())), 1e-3);
}

Similarity frame_of(std::span<const Point> landmarks) {
  const Point center = mean_of(landmarks);
  return {rms_distance(landmarks, center), 0.0, static_cast<double>(center.x),
          static_cast<double>(center.y)};
}

std::vector<Point> mapped(std::span<const Point> points, const Similarity& map) {
  std::vector<Point> out(points.size());
  std::ranges::transform(points, out.begin(), [&](Point p) { return map.apply(p); });
  return out;
}

std::vector<float> scaled(std::span<const float> values, double factor) {
  std::vector<float> out(values.size());
  std::ranges::transform(values, out.begin(),
                         [&](float value) { return static_cast<float>(factor) * value; });
  return out;
}

}  // namespace

FaceFilter::FaceFilter(const PlacedFace& first, const FaceLayout& layout, double smoothing)
    : layout_(&layout),
      smoothing_(smoothing),
      shape_(mapped(first.landmarks, frame_of(first.landmarks).inverse())),
      depth_(scaled(first.depth, 1.0 / frame_of(first.landmarks).scale())),
      weights_(first.landmarks.size()),
      surprise_(first.landmarks.size()),
      position_({frame_of(first.landmarks).tx, frame_of(first.landmarks).ty}),
      log_scale_({std::log(frame_of(first.landmarks).scale())}),
      angle_({0.0}) {}

void FaceFilter::update(const PlacedFace& measured, double dt_s) {
  weigh(measured);
  const Similarity map = fit_similarity(shape_, measured.landmarks, weights_);
  const std::vector<Point> in_frame = mapped(measured.landmarks, map.inverse());
  watch_noise(map, in_frame, measured.spread, dt_s);
  update_shape(in_frame, measured, map.scale(), dt_s);
  update_pose(map, dt_s);
}

void FaceFilter::weigh(const PlacedFace& face) {
  double spread = 0.0;
  double sum = 0.0;
  for (std::size_t k = 0; k < weights_.size(); ++k) {
    const float floor = 1e-3F * static_cast<float>(unit_px());
    const float bounded = std::max(face.spread[k], floor);
    const float rigidity = std::max(1.0F - layout_->mobility[k], kLeastMobility);
    weights_[k] = rigidity / (bounded * bounded);
    spread += static_cast<double>(weights_[k] * bounded);
    sum += static_cast<double>(weights_[k]);
  }
  noise_ = kNoiseOfPose * spread / sum / unit_px();
}

void FaceFilter::watch_noise(const Similarity& measured, std::span<const Point> in_frame,
                             std::span<const float> spread, double dt_s) {
  const double unit = measured.scale();
  const double dx = (measured.tx - last_pose_.tx) / unit;
  const double dy = (measured.ty - last_pose_.ty) / unit;
  if (last_in_frame_.empty()) {
    last_in_frame_.assign(in_frame.begin(), in_frame.end());
    last_change_.assign(in_frame.size(), {});
  } else {
    pose_noise_.add((dx * last_shift_[0] + dy * last_shift_[1]) / (2.0 * noise_ * noise_), dt_s);
  }
  double products = 0.0;
  double weights = 0.0;
  for (std::size_t k = 0; k < in_frame.size(); ++k) {
    const Point change{in_frame[k].x - last_in_frame_[k].x, in_frame[k].y - last_in_frame_[k].y};
    const double noise = noise_of(spread[k], unit);
    const auto rigidity = static_cast<double>(1.0F - layout_->mobility[k]);
    products += rigidity *
                static_cast<double>(change.x * last_change_[k].x + change.y * last_change_[k].y) /
                (noise * noise);
    weights += rigidity;
    last_change_[k] = change;
    last_in_frame_[k] = in_frame[k];
  }
  shape_noise_.add(products / std::max(weights, 1e-6), dt_s);
  last_pose_ = measured;
  last_shift_ = {dx, dy};
}

void FaceFilter::update_pose(const Similarity& measured, double dt_s) {
  const FilterTuning tuning = scaled(kPoseTuning, smoothing_);
  const double before = angle_.predicted(dt_s)[0];
  const double noise = pose_noise_.factor() * noise_;
  position_.update({measured.tx, measured.ty}, dt_s, std::numbers::sqrt2 * noise * unit_px(),
                   tuning);
  log_scale_.update({std::log(std::max(measured.scale(), 1e-6))}, dt_s, noise, tuning);
  angle_.update({before + std::remainder(measured.angle_rad() - before, 2.0 * std::numbers::pi)},
                dt_s, noise, tuning);
}

void FaceFilter::update_shape(std::span<const Point> in_frame, const PlacedFace& measured,
                              double unit_px, double dt_s) {
  const std::vector<float>& spread = measured.spread;
  const auto count = static_cast<int>(shape_.size());
  const auto noise_per_spread =
      static_cast<float>(shape_noise_.factor() * kNoiseOfLandmark / unit_px);
  for (std::size_t k = 0; k < shape_.size(); ++k) {
    const float relative = layout_->noise.empty() ? 1.0F : layout_->noise[k];
    const float noise = noise_per_spread * relative * std::max(spread[k], 1e-3F);
    const float dx = in_frame[k].x - shape_[k].x;
    const float dy = in_frame[k].y - shape_[k].y;
    surprise_[k] = (dx * dx + dy * dy) / (noise * noise);
  }
  const double least_gain = smoothing_ > 0.0 ? 1.0 / (++updates_ + 1.0) : 1.0;  // the mean so far
  for (int k = 0; k < count; ++k) {
    const auto at = static_cast<std::size_t>(k);
    float sum = 0.0F;
    int neighbors = 0;
    for (int i = std::max(0, k - kNeighbors); i <= std::min(count - 1, k + kNeighbors); ++i) {
      if (layout_->groups[static_cast<std::size_t>(i)] == layout_->groups[at]) {
        sum += surprise_[static_cast<std::size_t>(i)];
        ++neighbors;
      }
    }
    const auto surprise = static_cast<double>(std::sqrt(sum / static_cast<float>(neighbors)));
    const FilterTuning tuning =
        scaled(shape_tuning(static_cast<double>(layout_->mobility[at])), smoothing_);
    const auto gain =
        static_cast<float>(std::max(adaptive_gain(surprise, dt_s, tuning), least_gain));
    shape_[at].x += gain * (in_frame[at].x - shape_[at].x);
    shape_[at].y += gain * (in_frame[at].y - shape_[at].y);
    if (!depth_.empty()) {
      depth_[at] += gain * (measured.depth[at] / static_cast<float>(unit_px) - depth_[at]);
    }
  }
}

Similarity FaceFilter::pose(double dt_s) const {
  const auto position = position_.predicted(dt_s);
  return Similarity::of(position[0], position[1], log_scale_.predicted(dt_s)[0],
                        angle_.predicted(dt_s)[0]);
}

std::vector<Point> FaceFilter::landmarks() const { return mapped(shape_, pose(0.0)); }

std::vector<float> FaceFilter::depth() const { return scaled(depth_, unit_px()); }

Similarity FaceFilter::motion_ahead(double dt_s) const { return pose(dt_s) * pose(0.0).inverse(); }

Point FaceFilter::velocity() const {
  return {static_cast<float>(position_.velocity()[0]), static_cast<float>(position_.velocity()[1])};
}

double FaceFilter::unit_px() const { return std::exp(log_scale_.value()[0]); }

}  // namespace kilomark::tracking
