#pragma once

#include "kilomark/detector.hpp"

namespace kilomark {

// Small faces differ little from what is none, and a finder strict enough to leave out all that is
// none leaves out many faces too. So where the landmark network's presence counts, it looks at far
// more than the finder would vouch for, and the two decide together.

// The finder's score from which on the landmark network looks at what was found.
[[nodiscard]] float lowest_score_to_look_at(const PredictOptions& options);

// How sure finder and landmark network are together: to the log-odds of the finder's score half of
// what those of the presence exceed 9 to 1 by is added. NaN if the presence is.
[[nodiscard]] float score_of_both(float finder_score, float presence);

}  // namespace kilomark
