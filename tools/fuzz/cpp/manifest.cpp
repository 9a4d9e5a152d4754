// Any bytes as the manifest.json of a bundle: a network within the limits, or Error, nothing else.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <variant>

#include "kilomark/bundle.hpp"
#include "kilomark/error.hpp"

namespace {

constexpr std::size_t kLongestMessage = 2000;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check_topology(const kilomark::Topology& topology) {
  for (const kilomark::LandmarkGroup& group : topology.groups) {
    require(group.start >= 0 && group.count >= 1 &&
            group.start + group.count <= topology.num_landmarks);
  }
  for (const int index : topology.mirror) {
    require(index >= 0 && index < topology.num_landmarks);
  }
  for (const int index : topology.subset_68) {
    require(index >= 0 && index < topology.num_landmarks);
  }
}

void check_eyes(const kilomark::LandmarkBundle& bundle) {
  if (bundle.eyes) {
    const kilomark::EyeRule& rule = bundle.eyes->rule;
    require(rule.width_from >= 0.0F && rule.width_from < rule.width_to && rule.width_to <= 1.0F);
    require(!bundle.eyes->name.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const kilomark::Bundle bundle =
        kilomark::parse_manifest({reinterpret_cast<const char*>(data), size}, "bundle");
    std::visit([](const auto& found) { kilomark::check_network(found.network); }, bundle);
    if (const auto* landmarks = std::get_if<kilomark::LandmarkBundle>(&bundle)) {
      check_topology(landmarks->topology);
      check_eyes(*landmarks);
    }
  } catch (const kilomark::Error& error) {
    const std::size_t length = std::strlen(error.what());
    require(length > 0 && length < kLongestMessage);
  }
  return 0;
}
