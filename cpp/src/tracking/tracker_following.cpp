#include "tracker_implementation.hpp"

namespace kilomark {

namespace {

using tracking::exceeds;
using tracking::kLeastInImage;
using tracking::RegionChange;

// A face that moved further than this from where it was expected must be seen by the detector too.
constexpr RegionChange kLeap{0.35F, 0.35F, 45.0F};

// The landmark network's answer for a tiny face counts if it is sure, and no further off.
constexpr RegionChange kTinyStep{0.3F, 0.3F, 30.0F};

constexpr float kBackPresence = 0.7F;  // of a lost face found again where it was expected
constexpr int kRetryFrames = 5;        // in which a lost face is looked for there
constexpr double kLongestRepeatS = 1e-3;
// Files with frames that refer to later ones (B-frames) may give times in the order of decoding.
constexpr double kMostDisorderS = 0.25;

}  // namespace

void Tracker::Implementation::begin(const ImageView& image, double timestamp_s) {
  const bool is_first = width_ == 0;
  if (!is_first && timestamp_s < now_s_ && timestamp_s >= now_s_ - kMostDisorderS) {
    timestamp_s = now_s_;
  }
  const double step = is_first ? 0.0 : timestamp_s - now_s_;
  const bool is_resized = image.width != width_ || image.height != height_;
  if (is_resized) {
    cuts_.reset();
  }
  const bool is_cut = cuts_.is_cut(image);
  scene_begins_ = is_first || is_resized || is_cut || step < 0.0 || step > longest_step_s();
  if (scene_begins_) {
    tracks_.clear();
  }
  width_ = image.width;
  height_ = image.height;
  now_s_ = timestamp_s;
  step_s_ = scene_begins_ ? 0.0 : step;
  needs_look_ = scene_begins_;
  std::erase_if(tracks_, [&](const Track& track) {
    return track.state == TrackState::kLost && now_s_ - track.seen_s > options_.memory_s;
  });
}

double Tracker::Implementation::longest_step_s() const {
  return std::max(options_.memory_s, kLongestRepeatS);
}

void Tracker::Implementation::follow(const ImageView& image) {
  std::vector<Observation> observations;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    if (track.state == TrackState::kLost && (track.tiny || ++track.frames_lost > kRetryFrames)) {
      continue;
    }
    const FaceRegion expected = track.expected_in(image, now_s_);
    if (tracking::share_in_image(expected.box, width_, height_) < kLeastInImage) {
      lose(track);
    } else {
      observations.push_back({i, expected, {}, {}, {}});
    }
  }
  placer().place(image, observations);
  for (Observation& observation : observations) {
    if (is_accepted(observation)) {
      continue;
    }
    Track& track = tracks_[observation.track];
    if (track.tiny) {
      track.carry(observation.expected, observation.face.presence, layout_, now_s_);
    } else {
      lose(track);
    }
    observation.track = kNone;
  }
  std::erase_if(observations, [](const Observation& item) { return item.track == kNone; });
  for (const std::size_t index : tracking::duplicates(observations)) {
    lose(tracks_[observations[index].track]);
    observations[index].track = kNone;
  }
  for (Observation& observation : observations) {
    if (observation.track != kNone) {
      take(std::move(observation));
    }
  }
}

bool Tracker::Implementation::is_accepted(const Observation& observation) const {
  const Track& track = tracks_[observation.track];
  const bool was_lost = track.state == TrackState::kLost;
  if (track.tiny) {
    return observation.face.presence >= options_.presence_threshold &&
           !exceeds(observation.change, kTinyStep);
  }
  const float least = was_lost && options_.presence_threshold > 0.0F
                          ? std::max(kBackPresence, kept_presence())
                          : kept_presence();
  return observation.face.presence >= least && !(was_lost && exceeds(observation.change, kLeap)) &&
         tracking::share_in_image(observation.region.box, width_, height_) >= kLeastInImage;
}

void Tracker::Implementation::lose(Track& track) {
  if (track.state != TrackState::kLost) {
    track.frames_lost = 0;
    needs_look_ |= !track.is_small;
  }
  track.state = track.id == 0 ? TrackState::kTentative : TrackState::kLost;
  track.is_dropped = track.id == 0;
}

void Tracker::Implementation::take(Observation&& observation) {
  Track& track = tracks_[observation.track];
  const bool leapt = exceeds(observation.change, kLeap);
  track.is_leaping = leapt;
  needs_look_ |= leapt;
  track.measure(std::move(observation.face), layout_, now_s_);
  if (track.state == TrackState::kLost) {
    track.state = TrackState::kVisible;
  }
}

}  // namespace kilomark
