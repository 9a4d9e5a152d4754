#include <utility>

#include "face_matching.hpp"
#include "tile_boxes.hpp"
#include "tracker_implementation.hpp"

namespace kilomark {

namespace {

using tracking::RegionChange;

constexpr float kSureScore = 0.75F;    // of a new face that is returned at once
constexpr float kSurePresence = 0.9F;  // holds a face that the detector misses
constexpr int kLooksMissed = 3;
constexpr float kSameFace = 0.35F;  // overlap

bool is_same_face(const FaceRegion& a, const FaceRegion& b) {
  const RegionChange change = tracking::change_between(a, b);
  return tracking::overlap_of(a.box, b.box) > kSameFace ||
         (change.shift < 0.25F && change.log_scale < 0.7F);
}

}  // namespace

void Tracker::Implementation::look(const ImageView& image, const Tile& tile) {
  const bool is_whole = tile.width == width_ && tile.height == height_;
  const std::vector<FaceRegion> found = in_frame(source_->detect(part_of(image, tile)), tile);
  const std::vector<FaceRegion> unknown = confirm(found, tile, is_whole);
  begin_tracks(image, unknown, !is_whole);
}

std::vector<FaceRegion> Tracker::Implementation::in_frame(std::vector<FaceRegion> found,
                                                          const Tile& tile) const {
  for (FaceRegion& region : found) {
    region.box = tracking::from_tile(tile, region.box);
  }
  std::erase_if(found, [&](const FaceRegion& region) {
    return tracking::cuts(tile, region.box, width_, height_);
  });
  return found;
}

std::vector<FaceRegion> Tracker::Implementation::confirm(std::span<const FaceRegion> found,
                                                         const Tile& tile, bool is_whole) {
  std::vector<bool> known(found.size(), false);
  for (Track& track : tracks_) {
    if (!track.is_followed()) {
      continue;
    }
    bool is_found = false;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (is_same_face(track.region, found[i])) {
        known[i] = true;
        track.score = is_found ? std::max(track.score, found[i].score) : found[i].score;
        is_found = true;
      }
    }
    if (is_found) {
      track.looks_missed = 0;
      track.is_leaping = false;
      track.is_small &= !is_whole;
      if (!track.tiny) {
        track.state = TrackState::kVisible;
      }
    } else if (!track.tiny && tracking::covers(tile, track.region.box) &&
               !(is_whole && track.is_small)) {
      miss(track);
    }
  }
  return tracking::unknown_of(found, known);
}

void Tracker::Implementation::miss(Track& track) {
  ++track.looks_missed;
  const bool is_sure = options_.presence_threshold > 0.0F && track.face.presence >= kSurePresence;
  if (track.is_leaping || track.state == TrackState::kTentative ||
      (track.looks_missed >= kLooksMissed && !is_sure)) {
    lose(track);
  }
}

void Tracker::Implementation::begin_tracks(const ImageView& image,
                                           std::span<const FaceRegion> regions, bool is_small) {
  for (Observation& observation : observe(image, regions)) {
    if (observation.face.presence >= options_.presence_threshold && !is_known(observation)) {
      begin_track(std::move(observation), is_small);
    }
  }
}

std::vector<tracking::Observation> Tracker::Implementation::observe(
    const ImageView& image, std::span<const FaceRegion> regions) const {
  std::vector<Observation> observations;
  for (const FaceRegion& region : regions) {
    observations.push_back({kNone, region, {}, {}, {}});
  }
  placer().place(image, observations);
  return observations;
}

bool Tracker::Implementation::is_known(const Observation& observation) const {
  return std::ranges::any_of(tracks_, [&](const Track& track) {
    return track.is_followed() && is_same_face(track.region, observation.region);
  });
}

void Tracker::Implementation::begin_track(Observation&& observation, bool is_small) {
  const float score = observation.expected.score;
  const auto lost = tracking::lost_track_of(tracks_, observation.face, observation.region, now_s_);
  if (!lost && is_full()) {
    return;
  }
  Track track(std::move(observation.face), layout_, options_.smoothing,
              observation.expected.angle_deg, now_s_);
  track.score = score;
  track.is_small = is_small;
  if (lost) {
    track.id = tracks_[*lost].id;
    track.age = tracks_[*lost].age;
    track.state = TrackState::kVisible;
    tracks_[*lost] = std::move(track);
  } else {
    track.state = score >= kSureScore ? TrackState::kVisible : TrackState::kTentative;
    tracks_.push_back(std::move(track));
  }
}

bool Tracker::Implementation::is_full() const {
  const auto count = std::ranges::count_if(tracks_, [](const Track& track) {
    return track.is_followed() && !(track.tiny && track.state == TrackState::kTentative);
  });
  return options_.max_faces > 0 && count >= options_.max_faces;
}

}  // namespace kilomark
