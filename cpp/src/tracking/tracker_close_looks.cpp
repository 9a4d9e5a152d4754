#include <algorithm>
#include <optional>
#include <utility>

#include "close_looks.hpp"
#include "face_matching.hpp"
#include "scene_state.hpp"
#include "tile_boxes.hpp"
#include "tracker_implementation.hpp"

namespace kilomark {

namespace {

using tracking::RegionChange;
using tracking::Tile;
using tracking::TinyFace;
using tracking::Track;

constexpr double kWindowRate = 40.0;  // windows per second

// A face that is further off than this from where a look found it is moved there.
constexpr RegionChange kOffPlace{0.15F, 0.2F, 360.0F};

constexpr float kReachOfOthers = 0.6F;  // of faces that are not tiny

// A face with what lies around it in the frame: nearer to the edge of a look it may be missed.
Box around(const Box& box, int width, int height) {
  const float margin = longer_side(box);
  return {std::max(box.x0 - margin, 0.0F), std::max(box.y0 - margin, 0.0F),
          std::min(box.x1 + margin, static_cast<float>(width)),
          std::min(box.y1 + margin, static_cast<float>(height))};
}

// The tiny face that no look has shown for the longest time.
const Track* longest_unseen(std::span<const Track> tracks) {
  const Track* longest = nullptr;
  for (const Track& track : tracks) {
    if (track.tiny && track.is_followed() && track.tiny->frames_unseen > 0 &&
        (longest == nullptr || track.tiny->frames_unseen > longest->tiny->frames_unseen)) {
      longest = &track;
    }
  }
  return longest;
}

tracking::CloseScene scene_of(std::span<const Track> tracks, int shorter_side_px) {
  tracking::CloseScene scene;
  for (const Track& track : tracks) {
    if (track.tiny) {
      scene.has_tiny = true;
    } else if (track.is_small || tracking::is_small(track.region, shorter_side_px)) {
      scene.has_small = true;
    } else {
      scene.has_large = true;
    }
  }
  return scene;
}

}  // namespace

void Tracker::Implementation::look_closely(const ImageView& image) {
  for (Track& track : tracks_) {
    if (track.tiny) {
      ++track.tiny->frames_unseen;
    }
  }
  for (int i = windows_.take(step_s_, kWindowRate); i > 0; --i) {
    if (const Track* const track = longest_unseen(tracks_)) {
      const Point center = center_of(track->region.box);
      look_at(image, tracking::window_around(center, width_, height_), tracking::kWindowInput);
    }
  }
  const tracking::CloseScene scene = scene_of(tracks_, std::min(width_, height_));
  for (const Tile& tile : close_search_.next(width_, height_, scene, step_s_)) {
    look_at(image, tile, tracking::kSearchInput);
  }
}

void Tracker::Implementation::look_at(const ImageView& image, const Tile& tile,
                                      int longer_side_px) {
  std::vector<FaceRegion> found =
      in_frame(source_->detect_closely(part_of(image, tile), longer_side_px), tile);
  std::erase_if(found, [](const FaceRegion& region) {
    return longer_side(region.box) < tracking::kLeastTinySide;
  });
  std::vector<FaceRegion> unknown = weigh(found, tile);
  std::erase_if(unknown, [](const FaceRegion& region) {
    return longer_side(region.box) >= tracking::kTinySide;
  });
  begin_tiny_tracks(image, unknown);
}

std::vector<FaceRegion> Tracker::Implementation::weigh(std::span<const FaceRegion> found,
                                                       const Tile& tile) {
  std::vector<std::size_t> rows;
  std::vector<tracking::SoughtFace> sought;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    const Track& track = tracks_[i];
    if (track.is_followed()) {
      rows.push_back(i);
      sought.push_back({track.region, track.tiny ? track.tiny->reach(now_s_) : kReachOfOthers});
    }
  }
  std::vector<bool> is_known(found.size(), false);
  std::vector<bool> is_found(rows.size(), false);
  for (const auto& [face, region] : tracking::nearest_pairs(sought, found)) {
    is_found[face] = is_known[region] = true;
    find_tiny(tracks_[rows[face]], found[region]);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Track& track = tracks_[rows[i]];
    if (track.tiny && !is_found[i] &&
        tracking::covers(tile, around(track.region.box, width_, height_))) {
      miss_tiny(track);
    }
  }
  return tracking::unknown_of(found, is_known);
}

void Tracker::Implementation::find_tiny(Track& track, const FaceRegion& found) {
  const Point center = center_of(found.box);
  if (!track.tiny) {
    if (track.state == TrackState::kVisible &&
        longer_side(track.region.box) < tracking::kTinySide) {
      track.tiny = TinyFace::known(center, now_s_);
    }
    return;
  }
  track.score = found.score;
  track.tiny->find(center, found.score, track.state == TrackState::kVisible, now_s_);
  const bool is_sure = track.face.presence >= options_.presence_threshold;
  if (!is_sure && exceeds(tracking::change_between(track.region, found), kOffPlace)) {
    track.carry({found.box, track.region.angle_deg, found.score}, track.face.presence, layout_,
                now_s_);
  }
  if (track.state == TrackState::kTentative && track.tiny->is_sure() && !is_full()) {
    return_tiny(track);
  }
}

void Tracker::Implementation::miss_tiny(Track& track) {
  track.tiny->miss();
  if (track.tiny->is_gone(track.state == TrackState::kVisible)) {
    lose(track);
  }
}

// Makes a candidate a face of its own, or the lost face that it continues.
void Tracker::Implementation::return_tiny(Track& track) {
  track.state = TrackState::kVisible;
  if (const auto lost = tracking::lost_track_of(tracks_, track.face, track.region, now_s_)) {
    track.id = tracks_[*lost].id;
    track.age = tracks_[*lost].age;
    tracks_[*lost].is_dropped = true;
  }
}

void Tracker::Implementation::begin_tiny_tracks(const ImageView& image,
                                                std::span<const FaceRegion> regions) {
  for (Observation& observation : observe(image, regions)) {
    const FaceRegion& found = observation.expected;
    const float presence = observation.face.presence;
    Track track(std::move(observation.face), layout_, options_.smoothing, found.angle_deg, now_s_);
    track.tiny.emplace(center_of(found.box), found.score, now_s_);
    track.is_small = true;
    track.score = found.score;
    if (exceeds(observation.change, kOffPlace)) {
      track.carry({found.box, track.region.angle_deg, found.score}, presence, layout_, now_s_);
    }
    tracks_.push_back(std::move(track));
  }
}

}  // namespace kilomark
