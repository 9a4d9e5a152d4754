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

// A network's output is at fault if it is larger than this.
[[nodiscard]] float most_output_px(const NetworkInput& input);

// The crop of every region, frame by frame; with two views, each is followed by its mirror image.
[[nodiscard]] std::vector<CropTask> crop_tasks(std::span<const Regions> regions,
                                               const LandmarkNetwork& network, int views);

// Crops every region, runs the landmark network on the crops, and maps its outputs to the image. With
// two views, a row is the mean of what the network says of the crop and of its mirror image.
// One item per frame, one row per region, in order. Where an output is not finite or far outside of
// the crop, the row's presence is NaN.
[[nodiscard]] std::vector<Detections> place_landmarks(const LoadedNetwork& loaded,
                                                      const LandmarkNetwork& network,
                                                      const Frames& frames,
                                                      std::span<const Regions> regions, int views,
                                                      PlacingTimes& times);

}  // namespace kilomark
