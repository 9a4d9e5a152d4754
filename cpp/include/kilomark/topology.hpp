#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kilomark/api.hpp"

namespace kilomark {

// A contour of the face: landmarks start, start + 1, ..., start + count - 1, in drawing order.
// `left` and `right` in names are the subject's.
struct LandmarkGroup {
  std::string name;
  int start = 0;
  int count = 0;
  std::optional<bool> closed;  // a ring, an open curve, or nothing for a single point
};

// What the K landmarks of a network stand for. It comes from the network's bundle.
struct Topology {
  int num_landmarks = 0;              // K
  std::vector<LandmarkGroup> groups;  // in the order of the landmarks; names are all different
  std::vector<int> mirror;     // (K,) the landmark that each becomes in a mirrored image, or empty
  std::vector<int> subset_68;  // (68,) those that stand for the 68 of iBUG / 300-W, or empty
  // (K, 3) the mean face, or empty: x right in the image, y down, z away from the camera. Its unit
  // is the distance of the outer eye corners.
  std::vector<std::array<double, 3>> mean_shape;

  // The group of a name, or nullptr. It lives as long as the topology.
  [[nodiscard]] KILOMARK_API const LandmarkGroup* find_group(std::string_view name) const;
};

// Whether two networks place the same landmarks, so that their results can be blended: by number,
// groups and mirror.
[[nodiscard]] KILOMARK_API bool same_landmarks(const Topology& one, const Topology& other);

// The landmarks of a face that an eye network places; see EyeNetwork.
struct EyeLandmarks {
  std::vector<int> right;
  std::vector<int> left;
  std::array<int, 2> corners = {};
};

// Finds the groups of a right eye in a face by their names and numbers, and the left eye by the
// face's mirror. The first group is the lids: a ring from the outer corner by way of the inner one,
// half way round. Throws Error{kBundle} if the face has no mirror or a group is not in it.
[[nodiscard]] KILOMARK_API EyeLandmarks eye_landmarks(const Topology& face, const Topology& eye);

}  // namespace kilomark
