#include "track.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace kilomark::tracking {

namespace {

// Two observations whose regions' centers are nearer than this, in sides, at like size are one
// face.
constexpr float kSamePlace = 0.3F;
constexpr float kSameLogScale = 0.5F;

constexpr float kSurePresence = 0.6F;

// Where a lost face may turn up again, in sides: at once, and further each second.
constexpr float kLostReach = 0.6F;
constexpr float kLostReachPerSecond = 1.5F;
constexpr float kLostLogScale = 0.4F;
constexpr float kLostShape = 0.35F;  // RMS distance of the shapes, in RMS radii
constexpr double kLongestExtrapolation = 0.6;

float distance_in_sides(const FaceRegion& a, const FaceRegion& b) {
  return change_between(a, b).shift;
}

// RMS distance of the landmarks of b from those of a after the best similarity, in RMS radii.
float shape_distance(std::span<const Point> a, std::span<const Point> b) {
  const std::vector<float> ones(a.size(), 1.0F);
  const Similarity map = fit_similarity(a, b, ones);
  const Point center = center_of(box_around(b));
  double apart = 0.0;
  double size = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const Point p = map.apply(a[k]);
    apart += std::pow(static_cast<double>(p.x - b[k].x), 2) +
             std::pow(static_cast<double>(p.y - b[k].y), 2);
    size += std::pow(static_cast<double>(b[k].x - center.x), 2) +
            std::pow(static_cast<double>(b[k].y - center.y), 2);
  }
  return static_cast<float>(std::sqrt(apart / std::max(size, 1e-6)));
}

float surprise_of(const Observation& observation) {
  return observation.change.shift + observation.change.log_scale +
         observation.change.angle_deg / 180.0F;
}

bool are_one_face(const Observation& a, const Observation& b) {
  const RegionChange change = change_between(a.region, b.region);
  return change.shift < kSamePlace && change.log_scale < kSameLogScale;
}

FaceRegion ahead_of(const FaceRegion& region, Point velocity, float step_s) {
  const float dx = velocity.x * step_s;
  const float dy = velocity.y * step_s;
  FaceRegion ahead = region;
  ahead.box = {region.box.x0 + dx, region.box.y0 + dy, region.box.x1 + dx, region.box.y1 + dy};
  return ahead;
}

}  // namespace

Track::Track(PlacedFace first, const FaceLayout& layout, double smoothing, float angle_deg,
             double time_s)
    : seen_s(time_s),
      face(std::move(first)),
      region(region_of(face.landmarks, layout, angle_deg)),
      sure_region(region),
      filter(face, layout, smoothing) {}

FaceRegion Track::predicted(double time_s) const {
  return moved(region, filter.motion_ahead(time_s - seen_s));
}

FaceRegion Track::expected_in(const ImageView& image, double time_s) const {
  if (tiny) {
    return ahead_of(region, tiny->velocity(), static_cast<float>(time_s - seen_s));
  }
  const Similarity ahead = filter.motion_ahead(time_s - seen_s);
  const std::optional<Similarity> seen =
      patch && state != TrackState::kLost ? patch->motion_to(image, ahead) : std::nullopt;
  return moved(region, seen.value_or(ahead));
}

void Track::picture(const ImageView& image) {
  patch.reset();
  if (!tiny && image.memory == ImageMemory::kHost) {
    patch.emplace(image, region);
  }
}

void Track::measure(PlacedFace measured, const FaceLayout& layout, double time_s) {
  const FaceRegion expected = predicted(time_s);
  filter.update(measured, time_s - seen_s);
  region = region_of(filter.landmarks(), layout, expected.angle_deg);
  face = std::move(measured);
  if (face.presence >= kSurePresence) {
    sure_region = region;
  }
  seen_s = time_s;
}

void Track::carry(const FaceRegion& to, float presence, const FaceLayout& layout, double time_s) {
  const Similarity motion = motion_between(region, to);
  const auto scale = static_cast<float>(motion.scale());
  PlacedFace carried = face;
  carried.presence = presence;
  std::ranges::transform(filter.landmarks(), carried.landmarks.begin(),
                         [&](Point p) { return motion.apply(p); });
  for (std::vector<float>* values : {&carried.spread, &carried.depth}) {
    std::ranges::transform(*values, values->begin(), [&](float value) { return scale * value; });
  }
  measure(std::move(carried), layout, time_s);
}

std::vector<std::size_t> duplicates(std::span<const Observation> observations) {
  std::vector<bool> dropped(observations.size(), false);
  for (std::size_t i = 0; i < observations.size(); ++i) {
    for (std::size_t j = i + 1; j < observations.size(); ++j) {
      if (!dropped[i] && !dropped[j] && are_one_face(observations[i], observations[j])) {
        const bool first_stays = surprise_of(observations[i]) <= surprise_of(observations[j]);
        dropped[first_stays ? j : i] = true;
      }
    }
  }
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < dropped.size(); ++i) {
    if (dropped[i]) {
      out.push_back(i);
    }
  }
  return out;
}

std::optional<std::size_t> lost_track_of(std::span<const Track> tracks, const PlacedFace& face,
                                         const FaceRegion& region, double time_s) {
  std::optional<std::size_t> best;
  float least = 0.0F;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    const Track& track = tracks[i];
    if (track.state != TrackState::kLost) {
      continue;
    }
    const double elapsed = time_s - track.seen_s;
    const FaceRegion ahead =
        track.predicted(track.seen_s + std::min(elapsed, kLongestExtrapolation));
    const float distance =
        std::min(distance_in_sides(track.sure_region, region), distance_in_sides(ahead, region));
    const float shape = shape_distance(track.face.landmarks, face.landmarks);
    const float log_scale = change_between(track.sure_region, region).log_scale;
    const float reach = kLostReach + kLostReachPerSecond * static_cast<float>(elapsed);
    const float cost = distance + log_scale + shape;
    if (distance <= reach && log_scale <= kLostLogScale && shape <= kLostShape &&
        (!best || cost < least)) {
      best = i;
      least = cost;
    }
  }
  return best;
}

}  // namespace kilomark::tracking
