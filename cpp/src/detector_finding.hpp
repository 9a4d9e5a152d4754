#pragma once

#include <vector>

#include "kilomark/detector.hpp"
#include "landmark_placing.hpp"

namespace kilomark {

// A detector's steps and networks: detector.cpp has the public calls, detector_finding.cpp how faces
// are found and rescored, detector_networks.cpp which networks there are, detector_loading.cpp how
// they come from bundles.

// What detect() found: regions, and the landmarks in them if a network rescored them.
struct Detector::Found {
  std::vector<Regions> regions;
  std::vector<Detections> placed;
  PlacingTimes rescoring;
};

}  // namespace kilomark
