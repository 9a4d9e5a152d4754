#pragma once

#include <span>
#include <vector>

#include "adaptive_filter.hpp"
#include "kilomark/tracker.hpp"
#include "noise_estimate.hpp"
#include "similarity.hpp"

namespace kilomark::tracking {

// Smooths the landmarks of one face: its rigid motion (shift, scale, roll) and, in the face's own
// frame, its shape, apart from each other.
//
// The frame has its origin at the landmarks' center; its unit is their RMS distance from it. The
// rigid motion is the weighted least-squares similarity from the smoothed shape to the measured
// landmarks. Landmarks weigh (1 - mobility) / spread^2, so lids, lips and hidden landmarks hardly
// move the face. A landmark's depth, in units, follows as fast as its place in the frame.
class FaceFilter {
 public:
  // `smoothing` scales all time constants; 0 leaves the landmarks as they are.
  FaceFilter(const PlacedFace& first, const FaceLayout& layout, double smoothing);

  void update(const PlacedFace& measured, double dt_s);

  [[nodiscard]] std::vector<Point> landmarks() const;
  [[nodiscard]] std::vector<float> depth() const;  // px; empty if the faces have none

  // The motion that is expected until `dt_s` from now, image to image.
  [[nodiscard]] Similarity motion_ahead(double dt_s) const;

  // Of the face's center, px/s.
  [[nodiscard]] Point velocity() const;

  // The RMS distance of the landmarks from their center, px.
  [[nodiscard]] double unit_px() const;

 private:
  [[nodiscard]] Similarity pose(double dt_s) const;
  void weigh(const PlacedFace& face);
  void watch_noise(const Similarity& measured, std::span<const Point> in_frame,
                   std::span<const float> spread, double dt_s);
  void update_pose(const Similarity& measured, double dt_s);
  void update_shape(std::span<const Point> in_frame, const PlacedFace& measured, double unit_px,
                    double dt_s);

  const FaceLayout* layout_;
  double smoothing_;
  std::vector<Point> shape_;
  std::vector<float> depth_;  // (K,) in units, or empty
  std::vector<float> weights_;
  std::vector<float> surprise_;  // (K,) of the shape, squared; kept to spare its allocation
  double updates_ = 0.0;         // of the shape
  double noise_ = 0.0;           // of the rigid motion, in units, by the spread alone
  NoiseEstimate pose_noise_;
  NoiseEstimate shape_noise_;
  Similarity last_pose_;  // as measured
  std::array<double, 2> last_shift_{};
  std::vector<Point> last_in_frame_;  // (K,) as measured
  std::vector<Point> last_change_;    // (K,) of these, from frame to frame
  AdaptiveFilter<2> position_;
  AdaptiveFilter<1> log_scale_;
  AdaptiveFilter<1> angle_;
};

}  // namespace kilomark::tracking
