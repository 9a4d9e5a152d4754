#pragma once

#include <span>

#include "kilomark/tracker.hpp"
#include "track.hpp"

namespace kilomark::tracking {

// The faces of the tracks that are visible, in their order. Their landmarks are the smoothed ones
// if `is_smoothed`, else as the network placed them.
[[nodiscard]] TrackedFaces visible_faces(std::span<const Track> tracks, bool is_smoothed);

}  // namespace kilomark::tracking
