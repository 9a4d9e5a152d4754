#include "visible_faces.hpp"

namespace kilomark::tracking {

TrackedFaces visible_faces(std::span<const Track> tracks, bool is_smoothed) {
  TrackedFaces out;
  for (const Track& track : tracks) {
    if (track.state != TrackState::kVisible || (track.tiny && !track.tiny->is_seen())) {
      continue;
    }
    const std::vector<Point>& raw = track.face.landmarks;
    const std::vector<Point> landmarks = is_smoothed ? track.filter.landmarks() : raw;
    const std::vector<float> depth = is_smoothed ? track.filter.depth() : track.face.depth;
    out.ids.push_back(track.id);
    out.ages.push_back(track.age);
    out.boxes.push_back(box_around(landmarks));
    out.scores.push_back(track.score);
    out.presence.push_back(track.face.presence);
    out.landmarks.insert(out.landmarks.end(), landmarks.begin(), landmarks.end());
    out.raw_landmarks.insert(out.raw_landmarks.end(), raw.begin(), raw.end());
    out.spread.insert(out.spread.end(), track.face.spread.begin(), track.face.spread.end());
    out.depth.insert(out.depth.end(), depth.begin(), depth.end());
    out.velocities.push_back(track.filter.velocity());
  }
  return out;
}

}  // namespace kilomark::tracking
