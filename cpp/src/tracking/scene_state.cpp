#include "scene_state.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace kilomark::tracking {

namespace {

constexpr float kWeakPresence = 0.6F;  // of a followed face that the detector looks at soon
constexpr float kSmallShare = 0.1F;    // of the frame's shorter side

}  // namespace

SceneState state_of(std::span<const Track> tracks, int shorter_side_px) {
  SceneState state;
  const float small = kSmallShare * static_cast<float>(shorter_side_px);
  std::vector<std::pair<int, Point>> lost;
  for (const Track& track : tracks) {
    if (track.state == TrackState::kLost) {
      state.needs_care = true;
      lost.emplace_back(track.frames_lost, center_of(track.sure_region.box));
      if (state.frames_since_loss < 0 || track.frames_lost < state.frames_since_loss) {
        state.frames_since_loss = track.frames_lost;
      }
      continue;
    }
    ++state.num_faces;
    state.needs_care |=
        track.face.presence < kWeakPresence || side_of(track.region.box) < small || track.is_small;
  }
  std::ranges::stable_sort(lost, {}, &std::pair<int, Point>::first);
  for (const auto& [frames, place] : lost) {
    state.lost_places.push_back(place);
  }
  return state;
}

}  // namespace kilomark::tracking
