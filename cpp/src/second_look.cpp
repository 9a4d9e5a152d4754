#include "second_look.hpp"

#include <algorithm>
#include <cmath>

namespace kilomark {

namespace {

// Odds of a face by the finder, over those asked for, that are worth a look: more looks cost time.
constexpr float kOddsToLook = 1.0F / 9.0F;

// The two see the same pixels, so the second is worth less than a witness of its own. What the
// finder takes for a face has some presence in most cases: only more than this speaks for it.
constexpr float kPresenceWeight = 0.5F;
constexpr float kNeutralPresence = 0.9F;

// Presence beyond this, and below the same distance from 0, says no more.
constexpr float kSurelyPresent = 0.9999F;

float log_odds(float probability) { return std::log(probability / (1.0F - probability)); }

float probability(float log_odds) { return 1.0F / (1.0F + std::exp(-log_odds)); }

}  // namespace

float lowest_score_to_look_at(const PredictOptions& options) {
  if (options.presence_threshold == 0.0F) {
    return options.score_threshold;
  }
  return probability(log_odds(options.score_threshold) + std::log(kOddsToLook));
}

float score_of_both(float finder_score, float presence) {
  if (std::isnan(presence)) {
    return presence;
  }
  const float bounded = std::clamp(presence, 1.0F - kSurelyPresent, kSurelyPresent);
  const float evidence = log_odds(bounded) - log_odds(kNeutralPresence);
  return probability(log_odds(finder_score) + kPresenceWeight * evidence);
}

}  // namespace kilomark
