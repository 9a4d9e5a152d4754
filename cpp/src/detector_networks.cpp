#include "detector_networks.hpp"

#include <algorithm>
#include <utility>

#include "input_checks.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

const char* name_of(NetworkRole role) {
  switch (role) {
    case NetworkRole::kFinder:
      return "face detector";
    case NetworkRole::kLandmarks:
      return "landmark network";
    case NetworkRole::kRescorer:
      return "network that rescores";
    case NetworkRole::kCompanion:
      return "companion of the landmark network";
    case NetworkRole::kEyes:
      return "eye network";
  }
  return "network";
}

void check_eyes(const EyeNetwork& eyes, int num_landmarks) {
  const auto is_beyond = [&](int k) { return k >= num_landmarks; };
  if (std::ranges::any_of(eyes.right, is_beyond) || std::ranges::any_of(eyes.left, is_beyond)) {
    fail(ErrorCode::kInvalidInput,
         text("an eye network for a landmark network of ", num_landmarks, " landmarks"),
         "a landmark network with the landmarks that the eye network names",
         "take the numbers from eye_landmarks(), or load no eye network");
  }
}

}  // namespace

void check_networks(const Networks& networks) {
  if (!networks.finder && !networks.landmarks) {
    fail(ErrorCode::kInvalidInput, "a detector without networks",
         "a face detector, a landmark network or both", "pass one of them");
  }
  if (networks.finder) {
    check_network(*networks.finder);
  }
  for (const auto* landmarks : {&networks.landmarks, &networks.rescorer}) {
    if (landmarks->has_value()) {
      check_network(**landmarks);
    }
  }
  if (networks.companion) {
    check_network(*networks.companion);
  }
  if (networks.eyes) {
    check_network(*networks.eyes);
    check_eyes(*networks.eyes, networks.landmarks ? networks.landmarks->num_landmarks : 0);
  }
}

std::vector<NetworkSpec> to_specs(const Networks& networks) {
  std::vector<NetworkSpec> specs;
  if (networks.landmarks) {
    specs.push_back(to_spec(*networks.landmarks));
  }
  if (networks.finder) {
    specs.push_back(to_spec(*networks.finder));
  }
  if (networks.rescorer) {
    specs.push_back(to_spec(*networks.rescorer));
    specs.back().name = "rescoring";
  }
  if (networks.companion) {
    specs.push_back(to_spec(networks.companion->network));
    specs.back().name = "companion";
  }
  if (networks.eyes) {
    specs.push_back(to_spec(networks.eyes->network));
    specs.back().name = "eyes";
  }
  return specs;
}

Networks without_models(Networks networks) {
  const auto clear = [](auto& network) {
    if (network) {
      network->model.reset();
    }
  };
  clear(networks.finder);
  clear(networks.landmarks);
  clear(networks.rescorer);
  if (networks.companion) {
    networks.companion->network.model.reset();
  }
  if (networks.eyes) {
    networks.eyes->network.model.reset();
  }
  return networks;
}

bool Detector::has(NetworkRole role) const {
  switch (role) {
    case NetworkRole::kFinder:
      return networks_.finder.has_value();
    case NetworkRole::kLandmarks:
      return networks_.landmarks.has_value();
    case NetworkRole::kRescorer:
      return networks_.rescorer.has_value();
    case NetworkRole::kCompanion:
      return networks_.companion.has_value();
    case NetworkRole::kEyes:
      return networks_.eyes.has_value();
  }
  return false;
}

std::size_t Detector::index_of(NetworkRole role) const {
  if (!has(role)) {
    fail(ErrorCode::kInvalidInput, text("a detector without a ", name_of(role)),
         text("a detector with a ", name_of(role)), "make the detector with one");
  }
  std::size_t index = 0;
  for (const NetworkRole before :
       {NetworkRole::kLandmarks, NetworkRole::kFinder, NetworkRole::kRescorer,
        NetworkRole::kCompanion, NetworkRole::kEyes}) {
    if (before == role) {
      break;
    }
    index += static_cast<std::size_t>(has(before));
  }
  return index;
}

const NetworkSpec& Detector::spec(NetworkRole role) const { return specs_[index_of(role)]; }

int Detector::num_landmarks() const {
  return networks_.landmarks ? networks_.landmarks->num_landmarks : 0;
}

NetworkRole Detector::rescoring_role() const {
  return networks_.rescorer ? NetworkRole::kRescorer : NetworkRole::kLandmarks;
}

}  // namespace kilomark
