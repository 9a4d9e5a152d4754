#pragma once

namespace kilomark {

// The limits of TrackerOptions. Python reads them from _core.
inline constexpr double kMaxSmoothing = 100.0;
inline constexpr double kMaxMemorySeconds = 3600.0;
inline constexpr int kMaxTrackerTiles = 8;  // along the longer side of a frame

}  // namespace kilomark
