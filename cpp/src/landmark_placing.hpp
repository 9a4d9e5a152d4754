#pragma once

#include <span>
#include <vector>

#include "batching.hpp"
#include "kilomark/detector.hpp"

namespace kilomark {

// Wall-clock time of placing.
struct PlacingTimes {
  double crop_ms = 0.0;
  double infer_ms = 0.0;
  double map_ms = 0.0;
};

// The crop of every region, frame by frame.
[[nodiscard]] std::vector<CropTask> crop_tasks(std::span<const Regions> regions,
                                               const LandmarkNetwork& network);

// Crops every region, runs the landmark network on the crops, and maps its outputs to the image.
// One item per frame, one row per region, in order. Where an output is not finite or far outside of
// the crop, the row's presence is NaN.
[[nodiscard]] std::vector<Detections> place_landmarks(const LoadedNetwork& loaded,
                                                      const LandmarkNetwork& network,
                                                      const Frames& frames,
                                                      std::span<const Regions> regions,
                                                      PlacingTimes& times);

}  // namespace kilomark
