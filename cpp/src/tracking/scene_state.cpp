#include "scene_state.hpp"

namespace kilomark::tracking {

namespace {

constexpr float kWeakPresence = 0.6F;  // of a followed face that the detector looks at soon
constexpr float kSmallShare = 0.1F;    // of the frame's shorter side

}  // namespace

SceneState state_of(std::span<const Track> tracks, int shorter_side_px, double time_s) {
  SceneState state;
  const float small = kSmallShare * static_cast<float>(shorter_side_px);
  for (const Track& track : tracks) {
    if (track.state == TrackState::kLost) {
      state.needs_care = true;
      for (const FaceRegion& region : {track.sure_region, track.probable(time_s)}) {
        state.lost_places.push_back({center_of(region.box), track.is_small});
      }
      if (state.frames_since_loss < 0 || track.frames_lost < state.frames_since_loss) {
        state.frames_since_loss = track.frames_lost;
      }
      continue;
    }
    ++state.num_faces;
    state.needs_care |=
        track.face.presence < kWeakPresence || side_of(track.region.box) < small || track.is_small;
  }
  return state;
}

}  // namespace kilomark::tracking
