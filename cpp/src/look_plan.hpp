#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "face_decoding.hpp"
#include "kilomark/detector.hpp"

namespace kilomark {

// How large the face detector sees an image, look by look, where the caller leaves it to kilomark.
//
//   look | longer side of the input              | taken
//   -----|---------------------------------------|---------------------------------------------
//   1    | the one that its bundle names: 256 px | always
//        | for `faces`, 320 for `faces-large`    |
//   next | the next of kLookSizes, at most       | if the last look found a small face, kManyFaces
//        | kMostZoom * the last look, and at     | or, below kLookSizes[1], none in an image that
//        | most kMostEnlarged * the image's      | it reduced by kMuchReduced or more
//
// A look has found a small face if the scores of all boxes shorter than kSmallFace add up to
// kLikely: one small face, or many uncertain ones: a crowd behind a large face, say.
//
// A larger look takes more time in proportion to its area. Faces of all looks are merged.
inline constexpr int kLookSizes[] = {640, 1280, 2048};
inline constexpr double kMostZoom = 2.5;
inline constexpr float kSmallFace = 28.0F;  // longer side in input pixels
// Over score_threshold: the sum of the scores of small faces, and the least score that counts.
inline constexpr float kLikely = 0.8F;
inline constexpr float kDoubtful = 0.2F;
inline constexpr int kManyFaces = 5;
inline constexpr float kMuchReduced = 1.5F;
// Of an image that the first look reduces. Faces in photos of 400 px are found better enlarged: of
// those in gray webcam frames `faces` finds 72 % with 2.4, and 66 % with 1.6.
inline constexpr double kMostEnlarged = 2.4;

// The longer side of look `look`, counted from 0, of an image, if the first one is `size` px; 0 if
// there are not so many.
[[nodiscard]] int look_size(std::size_t look, const ImageView& image, int size);

// Whether to look again at higher zoom, given all that the last look, with an input of `size` px,
// found of at least the candidates' score.
[[nodiscard]] bool should_look_again(std::span<const FoundFace> found, int size,
                                     const ImageView& image, const DetectOptions& options);

// The step of the sides of a look that follows the image: `step`, doubled until 10 steps reach
// `size`. Backends keep what they prepare for each shape of the input, so that photos of many sizes
// must give few shapes.
[[nodiscard]] int step_of_size(int size, int step);

// The input of the image's aspect whose longer side is about `size`, its sides multiples of `step`.
[[nodiscard]] Look sized_look(const ImageView& image, int size, int step);

}  // namespace kilomark
