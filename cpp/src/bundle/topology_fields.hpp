#pragma once

#include "bundle/fields.hpp"
#include "kilomark/topology.hpp"

namespace kilomark::bundle {

// Reads num_landmarks, groups, mirror, subset_68 and mean_shape of a manifest.
[[nodiscard]] Topology parse_topology(const Fields& manifest);

}  // namespace kilomark::bundle
