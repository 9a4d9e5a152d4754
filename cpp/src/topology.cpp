#include "kilomark/topology.hpp"

#include <algorithm>

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

}  // namespace kilomark
