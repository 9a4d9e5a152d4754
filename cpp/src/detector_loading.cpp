#include <algorithm>
#include <utility>

#include "cut_text.hpp"
#include "kilomark/bundle.hpp"
#include "kilomark/detector.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

void check_device(const std::string& device) {
  if (device != "cpu") {
    fail(ErrorCode::kDevice, text("device ", quote(device)), "device 'cpu'",
         "a GPU runs engines, which bundles do not hold: build them with the Python package, and "
         "make the Detector from Networks");
  }
}

void check_sees_faces(const LandmarkBundle& landmarks) {
  if (landmarks.of_eye) {
    fail(ErrorCode::kBundle, text("the bundle ", quote(landmarks.header.name), ", of one eye"),
         "a landmark network of a face", "name a bundle that loads this one by itself");
  }
}

std::optional<FinderNetwork> load_finder(const DetectorOptions& options,
                                         const LandmarkBundle& landmarks) {
  if (options.finder.empty()) {
    return std::nullopt;
  }
  const std::string& wanted = options.finder == "auto" ? landmarks.finder : options.finder;
  return for_common_images(read_finder_bundle(wanted).network);
}

// The network that rescores, or nothing if none does. It may be the landmark network itself.
std::optional<LandmarkBundle> load_rescorer(const std::string& wanted,
                                            const LandmarkBundle& landmarks) {
  if (wanted.empty()) {
    return std::nullopt;
  }
  const bool is_auto = wanted == "auto";
  const std::filesystem::path folder = find_bundle(is_auto ? landmarks.rescorer : wanted);
  LandmarkBundle rescorer =
      folder == landmarks.header.folder ? landmarks : read_landmark_bundle(folder);
  if (rescorer.knows_faces) {
    return rescorer;
  }
  if (is_auto) {
    return std::nullopt;
  }
  fail(ErrorCode::kInvalidInput,
       text("rescoring by ", quote(rescorer.header.name), ", whose presence is constant"),
       "a bundle with a presence", "pass another bundle, or \"\" for none");
}

std::optional<CompanionNetwork> load_companion(bool is_wanted, const LandmarkBundle& landmarks) {
  if (!is_wanted || !landmarks.companion) {
    return std::nullopt;
  }
  return CompanionNetwork{read_companion(landmarks).network, landmarks.companion->rule};
}

}  // namespace

// What is read before the networks are loaded.
struct Detector::Loaded {
  explicit Loaded(const std::filesystem::path& name_or_folder, const DetectorOptions& options) {
    check_device(options.backend.device);
    LandmarkBundle landmarks = read_landmark_bundle(name_or_folder);
    check_sees_faces(landmarks);
    networks.finder = load_finder(options, landmarks);
    if (networks.finder) {
      take_rescorer(load_rescorer(options.rescoring, landmarks), landmarks);
    }
    networks.companion = load_companion(options.companion, landmarks);
    if (options.eyes && landmarks.eyes) {
      networks.eyes = read_eyes(landmarks);
    }
    predicting.place.uses_companion = networks.companion.has_value();
    predicting.detect.presence_threshold =
        landmarks.knows_faces ? static_cast<float>(kBundlePresenceThreshold) : 0.0F;
    networks.landmarks = std::move(landmarks.network);
    topology = std::move(landmarks.topology);
  }

  void take_rescorer(std::optional<LandmarkBundle> rescorer, const LandmarkBundle& landmarks) {
    predicting.detect.rescoring = rescorer.has_value();
    if (rescorer && rescorer->header.folder != landmarks.header.folder) {
      predicting.place.blends =
          std::ranges::count(landmarks.blends_with, rescorer->header.name) > 0 &&
          same_landmarks(landmarks.topology, rescorer->topology);
      networks.rescorer = std::move(rescorer->network);
    }
  }

  Networks networks;
  Topology topology;
  PredictOptions predicting;
};

Detector::Detector(Loaded loaded, const BackendOptions& options)
    : Detector(loaded.networks, options) {
  topology_ = std::move(loaded.topology);
  default_options_ = std::move(loaded.predicting);
}

Detector::Detector(const std::filesystem::path& name_or_folder, const DetectorOptions& options)
    : Detector(Loaded(name_or_folder, options), options.backend) {}

}  // namespace kilomark
