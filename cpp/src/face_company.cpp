#include "face_company.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "log_odds.hpp"

namespace kilomark {

namespace {

constexpr float kSmallSidePx = 40.0F;
constexpr float kLeastSidePx = 5.0F;

// Standard deviation of the logarithm of the sizes in a crowd, and what is too far off to count.
constexpr float kSizeSpread = 0.35F;
constexpr float kMostSpreads = 3.0F;

// Boxes whose centers are nearer than this, in sides of the larger one, show one place.
constexpr float kApart = 0.6F;

struct Place {
  Point center;
  float side = 0.0F;
  float log_side = 0.0F;
};

Place place_of(const Box& box) {
  const float side = std::max(longer_side(box), kLeastSidePx);
  return {center_of(box), side, std::log(side)};
}

bool is_apart(const Place& a, const Place& b) {
  const float distance = std::hypot(a.center.x - b.center.x, a.center.y - b.center.y);
  return distance > kApart * std::max(a.side, b.side);
}

// 1 for the same size.
float likeness(const Place& a, const Place& b) {
  const float spreads = (a.log_side - b.log_side) / kSizeSpread;
  return std::abs(spreads) > kMostSpreads ? 0.0F : std::exp(-0.5F * spreads * spreads);
}

}  // namespace

void weigh_company(const RescoringRule& rule, std::span<const std::size_t> rows,
                   std::span<const Box> boxes, std::span<float> scores) {
  if (rule.company_weight == 0.0F && rule.loneliness == 0.0F) {
    return;
  }
  std::vector<Place> places(rows.size());
  std::ranges::transform(rows, places.begin(),
                         [&](std::size_t row) { return place_of(boxes[row]); });
  std::vector<float> alone(rows.size());
  std::ranges::transform(rows, alone.begin(), [&](std::size_t row) { return scores[row]; });
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].side >= kSmallSidePx) {
      continue;
    }
    float company = 0.0F;
    for (std::size_t other = 0; other < places.size(); ++other) {
      if (!std::isnan(alone[other]) && is_apart(places[i], places[other])) {
        company += likeness(places[i], places[other]) * alone[other];
      }
    }
    const float smallness = std::log2(kSmallSidePx / places[i].side);
    const float evidence = rule.company_weight * std::log1p(company) - rule.loneliness;
    scores[rows[i]] = probability(log_odds(alone[i]) + smallness * evidence);
  }
}

}  // namespace kilomark
