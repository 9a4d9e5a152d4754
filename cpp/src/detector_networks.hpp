#pragma once

#include <vector>

#include "kilomark/detector.hpp"

namespace kilomark {

// Throws Error{kInvalidInput} if there is no network, or if a network contradicts itself.
void check_networks(const Networks& networks);

// The specs of the networks that are there, in the order of the backend: landmarks, finder,
// rescorer, companion, eyes.
[[nodiscard]] std::vector<NetworkSpec> to_specs(const Networks& networks);

// What a detector keeps of its networks once the backend has loaded them.
[[nodiscard]] Networks without_models(Networks networks);

}  // namespace kilomark
