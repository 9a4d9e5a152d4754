#pragma once

#include <span>

#include "finder_schedule.hpp"
#include "track.hpp"

namespace kilomark::tracking {

// What the tracks say of the need for a look of the face detector.
[[nodiscard]] SceneState state_of(std::span<const Track> tracks, int shorter_side_px);

}  // namespace kilomark::tracking
