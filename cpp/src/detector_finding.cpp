#include "detector_finding.hpp"

#include <cmath>
#include <iterator>

#include "batching.hpp"
#include "face_company.hpp"
#include "face_finding.hpp"
#include "face_selection.hpp"
#include "input_checks.hpp"
#include "stopwatch.hpp"

namespace kilomark {

namespace {

// See Detector::turn_again().
constexpr float kTurnsDeg[] = {90.0F, -90.0F, 180.0F};
constexpr std::size_t kTries = std::size(kTurnsDeg) + 1;  // the last one is upright
constexpr float kLowPresence = 0.5F;
constexpr float kHighPresence = 0.8F;

float angle_to_try(float angle_deg, std::size_t number) {
  return number < std::size(kTurnsDeg) ? std::remainder(angle_deg + kTurnsDeg[number], 360.0F)
                                       : 0.0F;
}

// Faces are rescored by one view: the presence hardly gains by a second.
PlaceOptions rescoring_options(const DetectOptions& options) {
  return {.between_batches = options.between_batches, .measures_stages = options.measures_stages};
}

// Rescores the candidates of one image, and keeps the faces. Duplicates go first, so that no face is
// company for itself. Weak candidates go last, because the others may raise their scores.
void select_rescored(const RescoringRule& rule, const DetectOptions& options, Regions& regions,
                     Detections& placed) {
  for (std::size_t row = 0; row < placed.size(); ++row) {
    placed.scores[row] = rescore(rule, placed.scores[row], placed.presence[row],
                                 longer_side(placed.landmark_boxes[row]));
  }
  DetectOptions of_any_score = options;
  of_any_score.score_threshold = 0.0F;
  const std::vector<std::size_t> distinct =
      drop_duplicates(choose_faces(placed.scores, placed.presence, of_any_score),
                      placed.landmark_boxes, options.nms_iou);
  if (options.weighs_company) {
    weigh_company(rule, distinct, placed.landmark_boxes, placed.scores);
  }
  regions.scores = placed.scores;
  const std::vector<std::size_t> kept =
      choose_faces(distinct, placed.scores, placed.presence, options);
  regions = take_rows(regions, kept);
  placed = take_rows(placed, kept);
}

}  // namespace

Detector::Found Detector::find(const Frames& frames, const DetectOptions& options,
                               StageTimes& times) const {
  check_options(options);
  if (options.rescoring) {
    (void)index_of(rescoring_role());
  }
  const LoadedNetwork finder{*backend_, index_of(NetworkRole::kFinder), spec(NetworkRole::kFinder),
                             max_batch_, options.between_batches};
  const RescoringRule& rule = networks_.finder->rescoring;
  Found found;
  for (const std::vector<FoundFace>& faces : find_faces(
           finder, *networks_.finder, frames, options, candidate_threshold(options, rule), times)) {
    found.regions.push_back(to_regions(faces));
  }
  if (!options.rescoring) {
    return found;
  }
  found.placed = place_by(rescoring_role(), frames, found.regions, rescoring_options(options),
                          found.rescoring);
  if (options.turns_again) {
    turn_again(frames, options, found);
  }
  Stopwatch stopwatch;
  for (std::size_t i = 0; i < found.regions.size(); ++i) {
    select_rescored(rule, options, found.regions[i], found.placed[i]);
  }
  times.select_ms += stopwatch.lap_ms();
  return found;
}

// Where the face detector is sure and the presence is low, the face may be turned otherwise than
// its keypoints say: a quarter turn each way, half a turn and upright are tried, and the best one is
// kept. Upright helps profiles, whose keypoints may be wrong by any angle.
void Detector::turn_again(const Frames& frames, const DetectOptions& options, Found& found) const {
  std::vector<Regions> turned(found.regions.size());
  std::vector<std::vector<std::size_t>> rows(found.regions.size());
  bool is_any = false;
  for (std::size_t i = 0; i < found.regions.size(); ++i) {
    const Detections& placed = found.placed[i];
    for (std::size_t row = 0; row < placed.size(); ++row) {
      if (placed.scores[row] >= options.score_threshold && placed.presence[row] < kLowPresence) {
        rows[i].insert(rows[i].end(), kTries, row);
      }
    }
    turned[i] = take_rows(found.regions[i], rows[i]);
    for (std::size_t t = 0; t < turned[i].size(); ++t) {
      turned[i].angles_deg[t] = angle_to_try(turned[i].angles_deg[t], t % kTries);
    }
    is_any |= !rows[i].empty();
  }
  if (!is_any) {
    return;
  }
  const std::vector<Detections> tried =
      place_by(rescoring_role(), frames, turned, rescoring_options(options), found.rescoring);
  for (std::size_t i = 0; i < tried.size(); ++i) {
    for (std::size_t t = 0; t < tried[i].size(); ++t) {
      const std::size_t row = rows[i][t];
      if (tried[i].presence[t] >= kHighPresence &&
          tried[i].presence[t] > found.placed[i].presence[row]) {
        found.regions[i].angles_deg[row] = turned[i].angles_deg[t];
        copy_row(tried[i], t, found.placed[i], row);
      }
    }
  }
}

}  // namespace kilomark
