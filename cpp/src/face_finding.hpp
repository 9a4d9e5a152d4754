#pragma once

#include <span>
#include <vector>

#include "batching.hpp"
#include "face_decoding.hpp"
#include "kilomark/detector.hpp"

namespace kilomark {

// Runs the face detector on views of the frames, chosen by look_plan.hpp or by the options: one
// list of faces per frame, best first, those of at least `lowest_score`. Adds to letterbox_ms,
// find_ms, decode_ms and looks.
[[nodiscard]] std::vector<std::vector<FoundFace>> find_faces(const LoadedNetwork& loaded,
                                                             const FinderNetwork& finder,
                                                             const Frames& frames,
                                                             const DetectOptions& options,
                                                             float lowest_score, StageTimes& times);

// Found faces as regions, each turned by its keypoints.
[[nodiscard]] Regions to_regions(std::span<const FoundFace> faces);

}  // namespace kilomark
