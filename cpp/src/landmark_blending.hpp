#pragma once

#include <cstddef>
#include <vector>

#include "kilomark/network.hpp"
#include "kilomark/regions.hpp"

namespace kilomark {

// Makes each row of `faces` the mean of itself and of the same row of `others`, which another
// network placed: landmark by landmark, in pixels, weighted by 1 / spread^3, the other's spread
// counting 1.2 times. Two networks that were trained differently err differently, and the spread
// says where each one does.
//
//   landmarks, spread   the weighted mean
//   depth               the same; the only one if one network alone predicts it
//   presence            as it is
//
// Both have as many rows and as many landmarks to a row.
void blend_landmarks(Detections& faces, const Detections& others);

// The faces that their network finds hard by a CompanionRule.
struct HardFaces {
  std::vector<std::size_t> rows;
  std::vector<float> gates;  // of these rows, above 0, at most 1
};

[[nodiscard]] HardFaces hard_faces(const Detections& faces, const CompanionRule& rule);

// Blends row i of `others`, which the companion placed, into row hard.rows[i] of `faces`, as above,
// but with the rule's factor and at most by the face's gate. Depth stays that of `faces`: empty if
// they have none, since only some faces would get it.
void blend_companion(Detections& faces, const HardFaces& hard, const Detections& others,
                     const CompanionRule& rule);

}  // namespace kilomark
