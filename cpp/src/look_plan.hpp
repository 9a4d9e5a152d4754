#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "face_decoding.hpp"
#include "kilomark/detector.hpp"

namespace kilomark {

// How large the face detector sees an image, look by look, where the caller leaves it to kilomark.
// `size` is the longer side that its bundle names: 256 px for `faces`, 320 for `faces-large`.
//
//   look | longer side of the input      | taken
//   -----|-------------------------------|-----------------------------------------------------
//   1    | size                          | always
//   n    | kZooms[n - 1] * size, at most | if look n - 1 found a face shorter than kSmallFace, or
//        | kMostEnlarged * the image's    | kManyFaces, or none in an image that look n - 1 saw
//        |                               | reduced by kMuchReduced or more
//
// A larger look takes more time in proportion to its area. Faces of all looks are merged.
inline constexpr double kZooms[] = {1.0, 2.5, 5.0};
inline constexpr float kSmallFace = 28.0F;  // longer side in input pixels
inline constexpr float kLikely = 0.8F;  // score over score_threshold of a small face that counts
inline constexpr std::size_t kManyFaces = 5;
inline constexpr float kMuchReduced = 1.5F;
// Of an image that the first look reduces. In photos of 400 px of masked streets, 74 instead of
// 69 % of the faces are found.
inline constexpr double kMostEnlarged = 1.6;

// The longer side of look `look`, counted from 0, of an image; 0 if there is none so large.
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
