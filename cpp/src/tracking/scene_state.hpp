#pragma once

#include <span>

#include "finder_schedule.hpp"
#include "track.hpp"

namespace kilomark::tracking {

// Whether the detector sees a face better in a tile than in the whole frame.
[[nodiscard]] bool is_small(const FaceRegion& region, int shorter_side_px);

// What the tracks say of the need for a look of the face detector.
[[nodiscard]] SceneState state_of(std::span<const Track> tracks, int shorter_side_px);

}  // namespace kilomark::tracking
