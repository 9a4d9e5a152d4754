#include "face_selection.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "kilomark/limits.hpp"
#include "log_odds.hpp"

namespace kilomark {

namespace {

// A mouth in a beard or an eye under a hat may be taken for a face of its own: what lies so far
// inside a better face, and is at most so large beside it, is a part of it.
constexpr float kPartInside = 0.8F;
constexpr float kPartToWhole = 0.5F;

float area(const Box& box) { return (box.x1 - box.x0) * (box.y1 - box.y0); }

float intersection(const Box& a, const Box& b) {
  const float width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
  const float height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
  return std::max(width, 0.0F) * std::max(height, 0.0F);
}

bool is_part_of(const Box& box, const Box& whole) {
  return area(box) <= kPartToWhole * area(whole) &&
         intersection(box, whole) >= kPartInside * area(box);
}

// A portrait: one face of at least kSureFace, and no other of at least the score threshold. Its
// other candidates are looked at from kSecondFace on; most are folds, patterns and parts of it.
constexpr float kSureFace = 0.95F;
constexpr float kSecondFace = 1.0F / 3.0F;

// Presence beyond this, and below the same distance from 0, says no more.
constexpr float kSurelyPresent = 0.9999F;

// The longer side of a box from which on RescoringRule counts it as large, fully at twice as much.
constexpr float kLargeFromPx = 30.0F;

// The cells that found one face, best first. Each errs by a little of its own, and which of them is
// best changes from frame to frame: their mean, weighted by score, is steadier than the best.
class CellsOfFace {
 public:
  explicit CellsOfFace(const FoundFace& best) : best_(best), mean_(best), weight_(best.score) {}

  [[nodiscard]] const FoundFace& best() const { return best_; }
  [[nodiscard]] const FoundFace& mean() const { return mean_; }  // with the best one's score

  void add(const FoundFace& cell) {
    if (cell.score <= 0.0F) {
      return;
    }
    weight_ += cell.score;
    const float share = cell.score / weight_;
    mean_.box = {
        std::lerp(mean_.box.x0, cell.box.x0, share), std::lerp(mean_.box.y0, cell.box.y0, share),
        std::lerp(mean_.box.x1, cell.box.x1, share), std::lerp(mean_.box.y1, cell.box.y1, share)};
    for (std::size_t k = 0; k < kNumKeypoints; ++k) {
      Point& point = mean_.keypoints[k];
      point = {std::lerp(point.x, cell.keypoints[k].x, share),
               std::lerp(point.y, cell.keypoints[k].y, share)};
    }
  }

 private:
  FoundFace best_;
  FoundFace mean_;
  float weight_;
};

}  // namespace

float intersection_over_union(const Box& a, const Box& b) {
  const float common = intersection(a, b);
  return common <= 0.0F ? 0.0F : common / (area(a) + area(b) - common);
}

std::vector<FoundFace> merge_cells(std::vector<FoundFace> found, const DetectOptions& options) {
  std::ranges::stable_sort(found, std::ranges::greater{}, &FoundFace::score);
  std::vector<CellsOfFace> faces;
  const std::size_t max_faces =
      options.max_faces == 0 ? kMaxFacesPerImage : static_cast<std::size_t>(options.max_faces);
  for (const FoundFace& candidate : found) {
    const auto same = std::ranges::find_if(faces, [&](const CellsOfFace& face) {
      return intersection_over_union(face.best().box, candidate.box) > options.nms_iou;
    });
    if (same != faces.end()) {
      same->add(candidate);
      continue;
    }
    const bool is_part = std::ranges::any_of(
        faces, [&](const CellsOfFace& face) { return is_part_of(candidate.box, face.best().box); });
    if (!is_part && faces.size() < max_faces) {
      faces.emplace_back(candidate);
    }
  }
  std::vector<FoundFace> means(faces.size());
  std::ranges::transform(faces, means.begin(), &CellsOfFace::mean);
  return means;
}

float candidate_threshold(const DetectOptions& options, const RescoringRule& rule) {
  if (!options.rescoring) {
    return options.score_threshold;
  }
  return probability(log_odds(options.score_threshold) + std::log(rule.candidate_odds));
}

void drop_weak_candidates(std::vector<FoundFace>& best_first, const DetectOptions& options) {
  if (!options.rescoring || best_first.empty() || best_first[0].score < kSureFace) {
    return;
  }
  const bool has_second = best_first.size() > 1 && best_first[1].score >= options.score_threshold;
  if (!has_second) {
    std::erase_if(best_first, [](const FoundFace& face) { return face.score < kSecondFace; });
  }
}

float rescore(const RescoringRule& rule, float finder_score, float presence, float side_px) {
  if (std::isnan(presence)) {
    return presence;
  }
  const float bounded = std::clamp(presence, 1.0F - kSurelyPresent, kSurelyPresent);
  const float evidence = log_odds(bounded) - log_odds(rule.neutral_presence);
  const float largeness = std::clamp(std::log2(side_px / kLargeFromPx), 0.0F, 1.0F);
  return probability(rule.finder_weight * log_odds(finder_score) + rule.presence_weight * evidence +
                     rule.offset +
                     largeness * (rule.large_presence_weight * evidence + rule.large_offset));
}

std::vector<std::size_t> choose_faces(std::span<const float> scores,
                                      std::span<const float> presence,
                                      const DetectOptions& options) {
  std::vector<std::size_t> rows(scores.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return choose_faces(std::move(rows), scores, presence, options);
}

std::vector<std::size_t> choose_faces(std::vector<std::size_t> rows, std::span<const float> scores,
                                      std::span<const float> presence,
                                      const DetectOptions& options) {
  const auto is_chosen = [&](std::size_t row) {
    return scores[row] >= options.score_threshold && presence[row] >= options.presence_threshold;
  };
  std::erase_if(rows, std::not_fn(is_chosen));
  std::ranges::stable_sort(rows, std::ranges::greater{},
                           [&](std::size_t row) { return scores[row]; });
  return rows;
}

std::vector<std::size_t> drop_duplicates(std::span<const std::size_t> best_first,
                                         std::span<const Box> boxes, float nms_iou) {
  std::vector<std::size_t> kept;
  for (const std::size_t row : best_first) {
    const bool is_duplicate = std::ranges::any_of(kept, [&](std::size_t better) {
      return intersection_over_union(boxes[better], boxes[row]) > nms_iou;
    });
    if (!is_duplicate) {
      kept.push_back(row);
    }
  }
  return kept;
}

}  // namespace kilomark
