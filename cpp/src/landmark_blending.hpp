#pragma once

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

}  // namespace kilomark
