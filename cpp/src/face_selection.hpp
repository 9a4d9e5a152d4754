#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "face_decoding.hpp"
#include "kilomark/detector.hpp"
#include "kilomark/geometry.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

// Non-maximum suppression: the faces of an image, best first, from all that the cells of its views
// found.
//   - Boxes that overlap the best one by more than nms_iou make one face: their mean, weighted by
//     score, with the best one's score. The mean is steadier from frame to frame than the best.
//   - A smaller box inside a better one is a part of that face, and dropped.
[[nodiscard]] std::vector<FoundFace> merge_cells(std::vector<FoundFace> found,
                                                 const DetectOptions& options);

// The lowest score of the face detector ("finder") that is worth rescoring: candidate_odds times
// the odds of score_threshold. Without rescoring, score_threshold.
[[nodiscard]] float candidate_threshold(const DetectOptions& options, const RescoringRule& rule);

// Where the finder is sure of exactly one face, drops the candidates with the lowest scores. So a
// portrait costs one or two runs of the rescoring network. `best_first` comes from
// merge_cells().
void drop_weak_candidates(std::vector<FoundFace>& best_first, const DetectOptions& options);

// The score of finder and presence together, by the formula of RescoringRule without the line of
// smallness, for a face whose box has the longer side `side_px`. NaN if the presence is.
[[nodiscard]] float rescore(const RescoringRule& rule, float finder_score, float presence,
                            float side_px);

// The rows whose score and presence reach the thresholds, best score first. NaN reaches none.
[[nodiscard]] std::vector<std::size_t> choose_faces(std::span<const float> scores,
                                                    std::span<const float> presence,
                                                    const DetectOptions& options);
// The same, of the given rows only. Rows of one score keep their order.
[[nodiscard]] std::vector<std::size_t> choose_faces(std::vector<std::size_t> rows,
                                                    std::span<const float> scores,
                                                    std::span<const float> presence,
                                                    const DetectOptions& options);

// The rows, best first, without those whose box overlaps a better row's by more than nms_iou. With
// the boxes of landmarks: a poor box of the finder may miss most of a face that another box meets,
// but its landmarks find that face.
[[nodiscard]] std::vector<std::size_t> drop_duplicates(std::span<const std::size_t> best_first,
                                                       std::span<const Box> boxes, float nms_iou);

// Overlap of two boxes: intersection over union, 0..1.
[[nodiscard]] float intersection_over_union(const Box& a, const Box& b);

}  // namespace kilomark
