#include "scene_state.hpp"

namespace kilomark::tracking {

namespace {

constexpr float kWeakPresence = 0.6F;  // of a followed face that the detector looks at soon
constexpr float kSmallShare = 0.1F;    // of the frame's shorter side

}  // namespace

bool is_small(const FaceRegion& region, int shorter_side_px) {
  return longer_side(region.box) < kSmallShare * static_cast<float>(shorter_side_px);
}

SceneState state_of(std::span<const Track> tracks, int shorter_side_px) {
  SceneState state;
  for (const Track& track : tracks) {
    if (track.tiny) {
      continue;  // close looks care for it
    }
    const bool is_lost = track.state == TrackState::kLost;
    const FaceRegion& region = is_lost ? track.sure_region : track.region;
    const bool is_in_tile = track.is_small || is_small(region, shorter_side_px);
    if (is_lost) {
      state.needs_care = true;
      state.lost_places.push_back({center_of(region.box), is_in_tile});
      if (state.frames_since_loss < 0 || track.frames_lost < state.frames_since_loss) {
        state.frames_since_loss = track.frames_lost;
      }
      continue;
    }
    if (track.state == TrackState::kTentative) {
      state.tentative_places.push_back({center_of(region.box), is_in_tile});
    }
    ++state.num_faces;
    state.needs_care |= track.face.presence < kWeakPresence || is_in_tile;
  }
  return state;
}

}  // namespace kilomark::tracking
