#include "kilomark/tracker.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "kilomark/error.hpp"
#include "option_checks.hpp"
#include "scene_state.hpp"
#include "text.hpp"
#include "tracker_implementation.hpp"
#include "visible_faces.hpp"

namespace kilomark {

TrackedFaces Tracker::Implementation::update(const ImageView& image, double timestamp_s) {
  check_image(image);
  if (!std::isfinite(timestamp_s)) {
    fail(ErrorCode::kInvalidInput, text("time stamp ", timestamp_s), "a finite number of seconds",
         "pass the frame's time");
  }
  begin(image, timestamp_s);
  follow(image);
  if (const auto tile = schedule_.next(image.width, image.height, scene_state())) {
    look(image, *tile);
  }
  look_closely(image);
  finish(image);
  return tracking::visible_faces(tracks_, options_.smoothing != 0.0);
}

void Tracker::Implementation::reset() {
  tracks_.clear();
  cuts_.reset();
  schedule_.reset();
  close_search_.reset();
  windows_.reset();
  next_id_ = 1;
  width_ = height_ = 0;
}

tracking::SceneState Tracker::Implementation::scene_state() const {
  tracking::SceneState state = tracking::state_of(tracks_, std::min(width_, height_));
  state.scene_begins = scene_begins_;
  state.needs_look = needs_look_;
  return state;
}

void Tracker::Implementation::finish(const ImageView& image) {
  std::erase_if(tracks_, [](const Track& track) { return track.is_dropped; });
  for (Track& track : tracks_) {
    if (track.state == TrackState::kVisible &&
        longer_side(track.region.box) > tracking::kMostTinySide) {
      track.tiny.reset();
    }
    if (track.state != TrackState::kLost) {
      track.picture(image);
    }
    if (track.state == TrackState::kVisible && track.id == 0) {
      track.id = next_id_++;
    }
    if (track.id != 0) {
      ++track.age;
    }
  }
  std::ranges::stable_sort(tracks_, std::ranges::less{}, [](const Track& track) {
    return track.id == 0 ? std::numeric_limits<std::int64_t>::max() : track.id;
  });
}

Tracker::Tracker(std::shared_ptr<const FaceSource> source, FaceLayout layout,
                 const TrackerOptions& options) {
  tracking::check(layout, options);
  implementation_ = std::make_unique<Implementation>(std::move(source), std::move(layout), options);
}

Tracker::~Tracker() = default;

TrackedFaces Tracker::update(const ImageView& image, double timestamp_s) {
  return implementation_->update(image, timestamp_s);
}

void Tracker::reset() { implementation_->reset(); }

int Tracker::num_landmarks() const { return implementation_->num_landmarks(); }

}  // namespace kilomark
