#pragma once

#include <cstddef>
#include <span>

#include "kilomark/geometry.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

// Small faces show few pixels, but rarely come alone: among others of its size a candidate is more
// likely a face, and alone it is less likely one. Adds that term of RescoringRule to the scores of
// the faces of one image. `rows` says which of `boxes` and `scores` are faces, no two of them
// duplicates; the others keep their scores and are no company. Faces of at least 40 px keep their
// scores. NaN stays NaN and is no company.
void weigh_company(const RescoringRule& rule, std::span<const std::size_t> rows,
                   std::span<const Box> boxes, std::span<float> scores);

}  // namespace kilomark
