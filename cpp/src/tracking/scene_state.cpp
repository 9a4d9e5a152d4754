#include "scene_state.hpp"

namespace kilomark::tracking {

namespace {

constexpr float kWeakPresence = 0.6F;  // of a followed face that the detector looks at soon
constexpr float kSmallShare = 0.1F;    // of the frame's shorter side

}  // namespace

SceneState state_of(std::span<const Track> tracks, int shorter_side_px) {
  SceneState state;
  const float small = kSmallShare * static_cast<float>(shorter_side_px);
  for (const Track& track : tracks) {
    const bool is_lost = track.state == TrackState::kLost;
    const Box& box = is_lost ? track.sure_region.box : track.region.box;
    const bool is_small = track.is_small || side_of(box) < small;
    if (is_lost) {
      state.needs_care = true;
      state.lost_places.push_back({center_of(box), is_small});
      if (state.frames_since_loss < 0 || track.frames_lost < state.frames_since_loss) {
        state.frames_since_loss = track.frames_lost;
      }
      continue;
    }
    if (track.state == TrackState::kTentative) {
      state.tentative_places.push_back({center_of(box), is_small});
    }
    ++state.num_faces;
    state.needs_care |= track.face.presence < kWeakPresence || is_small;
  }
  return state;
}

}  // namespace kilomark::tracking
