#pragma once

#include <span>

#include "kilomark/tracker.hpp"
#include "similarity.hpp"

namespace kilomark::tracking {

// The region of a face's landmarks. The roll is that of the line through the eyes, or
// `fallback_angle_deg` where the layout names no eyes.
[[nodiscard]] FaceRegion region_of(std::span<const Point> landmarks, const FaceLayout& layout,
                                   float fallback_angle_deg);

// The region after the motion.
[[nodiscard]] FaceRegion moved(const FaceRegion& region, const Similarity& motion);

// The motion that takes one region to another.
[[nodiscard]] Similarity motion_between(const FaceRegion& from, const FaceRegion& to);

[[nodiscard]] float overlap_of(const Box& a, const Box& b);  // intersection over union

// The share of the box that lies in the image.
[[nodiscard]] float share_in_image(const Box& box, int width, int height);

// How far apart two regions are, in terms of what a crop around them shows.
struct RegionChange {
  float shift = 0.0F;      // of the centers, in sides
  float log_scale = 0.0F;  // absolute
  float angle_deg = 0.0F;  // absolute, 0 to 180
};
[[nodiscard]] RegionChange change_between(const FaceRegion& from, const FaceRegion& to);

// Whether any part of a change is greater than that of the limit.
[[nodiscard]] bool exceeds(const RegionChange& change, const RegionChange& limit);

}  // namespace kilomark::tracking
