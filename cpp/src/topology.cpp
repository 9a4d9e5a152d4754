#include "kilomark/topology.hpp"

#include <algorithm>

#include "cut_text.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark {

const LandmarkGroup* Topology::find_group(std::string_view name) const {
  const auto found = std::ranges::find(groups, name, &LandmarkGroup::name);
  return found == groups.end() ? nullptr : &*found;
}

bool same_landmarks(const Topology& one, const Topology& other) {
  const auto is_same = [](const LandmarkGroup& a, const LandmarkGroup& b) {
    return a.name == b.name && a.start == b.start && a.count == b.count && a.closed == b.closed;
  };
  return one.num_landmarks == other.num_landmarks && one.mirror == other.mirror &&
         std::ranges::equal(one.groups, other.groups, is_same);
}

EyeLandmarks eye_landmarks(const Topology& face, const Topology& eye) {
  if (face.mirror.empty()) {
    fail(ErrorCode::kBundle, "an eye network for a face without a mirror",
         "a manifest that names each landmark's mirror partner",
         "add mirror to the manifest of the landmark network, or load no eye network");
  }
  EyeLandmarks found;
  for (const LandmarkGroup& group : eye.groups) {
    const LandmarkGroup* of_face = face.find_group(group.name);
    if (of_face == nullptr || of_face->count != group.count ||
        group.start != static_cast<int>(found.right.size())) {
      fail(ErrorCode::kBundle,
           text("the group ", quote(group.name), " of ", group.count, " landmarks of an eye"),
           "groups of the face, of as many landmarks, one after the other",
           "take an eye network that was made for these landmarks");
    }
    for (int k = 0; k < group.count; ++k) {
      found.right.push_back(of_face->start + k);
      found.left.push_back(face.mirror[static_cast<std::size_t>(found.right.back())]);
    }
  }
  if (eye.groups.empty() || static_cast<int>(found.right.size()) != eye.num_landmarks) {
    fail(ErrorCode::kBundle,
         text("a network of an eye whose groups hold ", found.right.size(), " of ",
              eye.num_landmarks, " landmarks"),
         "groups that hold them all", "correct groups in its manifest");
  }
  found.corners = {0, eye.groups.front().count / 2};
  return found;
}

}  // namespace kilomark
