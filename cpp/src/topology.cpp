#include "kilomark/topology.hpp"

#include <algorithm>

namespace kilomark {

const LandmarkGroup* Topology::find_group(std::string_view name) const {
  const auto found = std::ranges::find(groups, name, &LandmarkGroup::name);
  return found == groups.end() ? nullptr : &*found;
}

}  // namespace kilomark
