#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "kilomark/tracker.hpp"

namespace kilomark::tracking {

// A face that a look may find, and how far from its place, in sides.
struct SoughtFace {
  FaceRegion region;
  float reach = 0.0F;
};

// Pairs of (sought, found) faces of like size, each at most in one pair, the nearest first.
[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> nearest_pairs(
    std::span<const SoughtFace> sought, std::span<const FaceRegion> found);

// The regions that are not marked as known.
[[nodiscard]] std::vector<FaceRegion> unknown_of(std::span<const FaceRegion> found,
                                                 const std::vector<bool>& is_known);

}  // namespace kilomark::tracking
