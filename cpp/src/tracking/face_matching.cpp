#include "face_matching.hpp"

#include <algorithm>

#include "face_regions.hpp"

namespace kilomark::tracking {

namespace {

constexpr float kLikeLogScale = 0.7F;

struct Pair {
  float shift = 0.0F;  // in sides of the larger face
  std::size_t sought = 0;
  std::size_t found = 0;
};

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> nearest_pairs(std::span<const SoughtFace> sought,
                                                               std::span<const FaceRegion> found) {
  std::vector<Pair> pairs;
  for (std::size_t s = 0; s < sought.size(); ++s) {
    for (std::size_t f = 0; f < found.size(); ++f) {
      const FaceRegion& region = sought[s].region;
      const RegionChange change = change_between(region, found[f]);
      const float larger = std::max(1.0F, longer_side(found[f].box) / longer_side(region.box));
      if (change.log_scale < kLikeLogScale && change.shift / larger < sought[s].reach) {
        pairs.push_back({change.shift / larger, s, f});
      }
    }
  }
  std::ranges::stable_sort(pairs, std::ranges::less{}, &Pair::shift);
  std::vector<bool> is_sought(sought.size(), true);
  std::vector<bool> is_free(found.size(), true);
  std::vector<std::pair<std::size_t, std::size_t>> out;
  for (const Pair& pair : pairs) {
    if (is_sought[pair.sought] && is_free[pair.found]) {
      is_sought[pair.sought] = is_free[pair.found] = false;
      out.emplace_back(pair.sought, pair.found);
    }
  }
  return out;
}

std::vector<FaceRegion> unknown_of(std::span<const FaceRegion> found,
                                   const std::vector<bool>& is_known) {
  std::vector<FaceRegion> unknown;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!is_known[i]) {
      unknown.push_back(found[i]);
    }
  }
  return unknown;
}

}  // namespace kilomark::tracking
