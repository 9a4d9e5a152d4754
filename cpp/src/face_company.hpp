#pragma once

#include <span>

#include "kilomark/geometry.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

// Small faces show few pixels, but rarely come alone: among others of its size a candidate is more
// likely a face, and alone it is less likely one. Adds that term of RescoringRule to the scores of
// the faces of one image. `boxes` and `scores` are of the same faces, no two of which are
// duplicates. Faces of at least 40 px keep their scores. NaN stays NaN and is no company.
void weigh_company(const RescoringRule& rule, std::span<const Box> boxes, std::span<float> scores);

}  // namespace kilomark
