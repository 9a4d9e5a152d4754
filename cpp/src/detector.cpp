#include "kilomark/detector.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "batching.hpp"
#include "face_finding.hpp"
#include "face_selection.hpp"
#include "input_checks.hpp"
#include "kilomark/error.hpp"
#include "landmark_blending.hpp"
#include "landmark_placing.hpp"
#include "stopwatch.hpp"
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
  }
  return "network";
}

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
}

// The specs of the networks that are there, in the order of the backend.
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
  return specs;
}

// What is kept of the networks once they are loaded.
Networks without_models(Networks networks) {
  const auto clear = [](auto& network) {
    if (network) {
      network->model.reset();
    }
  };
  clear(networks.finder);
  clear(networks.landmarks);
  clear(networks.rescorer);
  return networks;
}

// See Detector::turn_again().
constexpr float kTurnsDeg[] = {90.0F, -90.0F, 180.0F};
constexpr float kDoubtfulTurn = 0.5F;
constexpr float kSureTurn = 0.8F;

// What one face takes in the result.
std::size_t row_bytes(const NetworkSpec& spec) {
  std::size_t floats = 2 * sizeof(Box) / sizeof(float) + 2 * kNumKeypoints + 2;
  for (const NamedOutput& output : spec.outputs) {
    floats += output.size();
  }
  return floats * sizeof(float);
}

// Throws Error{kInference} if a network's output is not finite or far outside of its crop.
void check_outputs(std::span<const Detections> images) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto bad =
        std::ranges::find_if(images[i].presence, [](float p) { return std::isnan(p); });
    if (bad != images[i].presence.end()) {
      fail(ErrorCode::kInference,
           text("landmarks of region ", bad - images[i].presence.begin(), " of image ", i,
                " that are not finite or far outside of its crop"),
           "landmarks near the crop and a presence from 0 to 1",
           "check the network with this image; it may be damaged");
    }
  }
}

// Faces are rescored by one view: the presence hardly gains by a second.
PlaceOptions rescoring_options(const DetectOptions& options) {
  return {.between_batches = options.between_batches, .measures_stages = options.measures_stages};
}

PlaceOptions one_view(PlaceOptions options) {
  options.views = 1;
  return options;
}

// `others` are what the network that rescores placed, in the same regions.
void blend_all(std::vector<Detections>& images, const std::vector<Detections>& others) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    blend_landmarks(images[i], others[i]);
  }
}

std::unique_ptr<Backend> load(const Networks& networks, const BackendOptions& options) {
  check_options(options);
  check_networks(networks);
  return make_backend(to_specs(networks), options);
}

}  // namespace

// What detect() found: regions, and the landmarks in them if a network rescored them.
struct Detector::Found {
  std::vector<Regions> regions;
  std::vector<Detections> placed;
  PlacingTimes rescoring;
};

Detector::Detector(const Networks& networks, const BackendOptions& options)
    : Detector(networks, load(networks, options), options.max_batch) {}

Detector::Detector(const Networks& networks, std::unique_ptr<Backend> backend, int max_batch)
    : networks_(without_models(networks)), backend_(std::move(backend)), max_batch_(max_batch) {
  check_options(BackendOptions{.max_batch = max_batch});
  check_networks(networks_);
  specs_ = to_specs(networks_);
  topology_.num_landmarks = num_landmarks();
}

bool Detector::has(NetworkRole role) const {
  switch (role) {
    case NetworkRole::kFinder:
      return networks_.finder.has_value();
    case NetworkRole::kLandmarks:
      return networks_.landmarks.has_value();
    case NetworkRole::kRescorer:
      return networks_.rescorer.has_value();
  }
  return false;
}

std::size_t Detector::index_of(NetworkRole role) const {
  if (!has(role)) {
    fail(ErrorCode::kInvalidInput, text("a detector without a ", name_of(role)),
         text("a detector with a ", name_of(role)), "make the detector with one");
  }
  const bool after_landmarks = role != NetworkRole::kLandmarks && networks_.landmarks.has_value();
  const bool after_finder = role == NetworkRole::kRescorer && networks_.finder.has_value();
  return static_cast<std::size_t>(after_landmarks) + static_cast<std::size_t>(after_finder);
}

const NetworkSpec& Detector::spec(NetworkRole role) const { return specs_[index_of(role)]; }

int Detector::num_landmarks() const {
  return networks_.landmarks ? networks_.landmarks->num_landmarks : 0;
}

NetworkRole Detector::rescoring_role() const {
  return networks_.rescorer ? NetworkRole::kRescorer : NetworkRole::kLandmarks;
}

Frames Detector::hold(std::span<const ImageView> images) const { return hold(images, {}); }

Frames Detector::hold(std::span<const ImageView> images, const HoldOptions& options) const {
  for (std::size_t i = 0; i < images.size(); ++i) {
    check_image(images[i], i);
  }
  Frames frames{{images.begin(), images.end()}, nullptr};
  frames.held = backend_->hold(frames.views, options);
  return frames;
}

Detector::Found Detector::find(const Frames& frames, const DetectOptions& options,
                               StageTimes& times) const {
  check_options(options);
  if (options.rescoring) {
    (void)index_of(rescoring_role());
  }
  const LoadedNetwork finder{*backend_, index_of(NetworkRole::kFinder), spec(NetworkRole::kFinder),
                             max_batch_, options.between_batches};
  const RescoringRule& rule = networks_.finder->rescoring;
  Found found;
  for (const std::vector<FoundFace>& faces : find_faces(
           finder, *networks_.finder, frames, options, candidate_threshold(options, rule), times)) {
    found.regions.push_back(to_regions(faces));
  }
  if (!options.rescoring) {
    return found;
  }
  found.placed = place_by(rescoring_role(), frames, found.regions, rescoring_options(options),
                          found.rescoring);
  turn_again(frames, options, found);
  Stopwatch stopwatch;
  for (std::size_t i = 0; i < found.regions.size(); ++i) {
    Detections& placed = found.placed[i];
    for (std::size_t row = 0; row < placed.size(); ++row) {
      placed.scores[row] = rescore(rule, placed.scores[row], placed.presence[row]);
    }
    found.regions[i].scores = placed.scores;
    const std::vector<std::size_t> kept =
        drop_duplicates(choose_faces(placed.scores, placed.presence, options),
                        placed.landmark_boxes, options.nms_iou);
    found.regions[i] = take_rows(found.regions[i], kept);
    placed = take_rows(placed, kept);
  }
  times.select_ms += stopwatch.lap_ms();
  return found;
}

// Where the face detector is sure and the presence is low, the face may be turned otherwise than
// its keypoints say: a quarter turn each way and half a turn are tried, and the best one is kept.
void Detector::turn_again(const Frames& frames, const DetectOptions& options, Found& found) const {
  std::vector<Regions> turned(found.regions.size());
  std::vector<std::vector<std::size_t>> rows(found.regions.size());
  bool is_any = false;
  for (std::size_t i = 0; i < found.regions.size(); ++i) {
    const Detections& placed = found.placed[i];
    for (std::size_t row = 0; row < placed.size(); ++row) {
      if (placed.scores[row] >= options.score_threshold && placed.presence[row] < kDoubtfulTurn) {
        rows[i].insert(rows[i].end(), std::size(kTurnsDeg), row);
      }
    }
    turned[i] = take_rows(found.regions[i], rows[i]);
    for (std::size_t t = 0; t < turned[i].size(); ++t) {
      turned[i].angles_deg[t] =
          std::remainder(turned[i].angles_deg[t] + kTurnsDeg[t % std::size(kTurnsDeg)], 360.0F);
    }
    is_any |= !rows[i].empty();
  }
  if (!is_any) {
    return;
  }
  const std::vector<Detections> tried =
      place_by(rescoring_role(), frames, turned, rescoring_options(options), found.rescoring);
  for (std::size_t i = 0; i < tried.size(); ++i) {
    for (std::size_t t = 0; t < tried[i].size(); ++t) {
      const std::size_t row = rows[i][t];
      if (tried[i].presence[t] >= kSureTurn &&
          tried[i].presence[t] > found.placed[i].presence[row]) {
        found.regions[i].angles_deg[row] = turned[i].angles_deg[t];
        copy_row(tried[i], t, found.placed[i], row);
      }
    }
  }
}

std::vector<Detections> Detector::place_by(NetworkRole role, const Frames& frames,
                                           std::span<const Regions> regions,
                                           const PlaceOptions& options, PlacingTimes& times) const {
  const std::size_t index = index_of(role);
  const LoadedNetwork loaded{*backend_, index, specs_[index], max_batch_, options.between_batches};
  const LandmarkNetwork& network =
      role == NetworkRole::kRescorer ? *networks_.rescorer : *networks_.landmarks;
  return place_landmarks(loaded, network, frames, regions, options.views, times);
}

void Detector::check(const PlaceOptions& options) const {
  check_options(options, *networks_.landmarks, networks_.rescorer ? &*networks_.rescorer : nullptr);
}

Detection Detector::detect(const Frames& frames, const DetectOptions& options) const {
  Stopwatch total;
  Detection detection;
  Found found = find(frames, options, detection.times);
  detection.images = std::move(found.regions);
  detection.times.rescore_ms =
      found.rescoring.crop_ms + found.rescoring.infer_ms + found.rescoring.map_ms;
  detection.times.total_ms = total.lap_ms();
  return detection;
}

Placement Detector::place(const Frames& frames, std::span<const Regions> regions,
                          const PlaceOptions& options) const {
  Stopwatch total;
  const std::size_t index = index_of(NetworkRole::kLandmarks);
  check(options);
  check_regions(regions, frames.views, row_bytes(specs_[index]));
  Placement placement;
  PlacingTimes times;
  placement.images = place_by(NetworkRole::kLandmarks, frames, regions, options, times);
  check_outputs(placement.images);
  if (options.blends) {
    const std::vector<Detections> others =
        place_by(NetworkRole::kRescorer, frames, regions, one_view(options), times);
    check_outputs(others);
    blend_all(placement.images, others);
  }
  placement.times.crop_ms = times.crop_ms;
  placement.times.infer_ms = times.infer_ms;
  placement.times.map_ms = times.map_ms;
  placement.times.total_ms = total.lap_ms();
  return placement;
}

Prediction Detector::predict(const Frames& frames, const PredictOptions& options) const {
  Stopwatch total;
  (void)index_of(NetworkRole::kLandmarks);
  check(options.place);
  Prediction prediction;
  StageTimes& times = prediction.times;
  Found found = find(frames, options.detect, times);
  const bool reuse = options.detect.rescoring && options.place.views == 1 &&
                     rescoring_role() == NetworkRole::kLandmarks;
  PlacingTimes placing;
  if (reuse) {
    placing = found.rescoring;
    prediction.images = std::move(found.placed);
  } else {
    times.rescore_ms = found.rescoring.crop_ms + found.rescoring.infer_ms + found.rescoring.map_ms;
    prediction.images =
        place_by(NetworkRole::kLandmarks, frames, found.regions, options.place, placing);
    if (options.place.blends && !options.detect.rescoring) {
      found.placed =
          place_by(NetworkRole::kRescorer, frames, found.regions, one_view(options.place), placing);
      check_outputs(found.placed);
    }
    Stopwatch stopwatch;
    if (options.place.blends) {
      blend_all(prediction.images, found.placed);
    }
    for (Detections& image : prediction.images) {
      const std::vector<std::size_t> kept =
          drop_duplicates(choose_faces(image.scores, image.presence, options.detect),
                          image.landmark_boxes, options.detect.nms_iou);
      image = take_rows(image, kept);
    }
    times.select_ms += stopwatch.lap_ms();
  }
  times.crop_ms = placing.crop_ms;
  times.infer_ms = placing.infer_ms;
  times.map_ms = placing.map_ms;
  times.total_ms = total.lap_ms();
  return prediction;
}

namespace {

// Holds images, runs a call on them, and counts the time that holding takes.
template <class Hold, class Call>
auto on_held(const Hold& hold, const Call& call) {
  Stopwatch stopwatch;
  const Frames frames = hold();
  const double hold_ms = stopwatch.lap_ms();
  auto result = call(frames);
  result.times.hold_ms = hold_ms;
  result.times.total_ms += hold_ms;
  return result;
}

}  // namespace

Detection Detector::detect(std::span<const ImageView> images, const DetectOptions& options) const {
  return on_held([&] { return hold(images, {.measures_stages = options.measures_stages}); },
                 [&](const Frames& frames) { return detect(frames, options); });
}

Placement Detector::place(std::span<const ImageView> images, std::span<const Regions> regions,
                          const PlaceOptions& options) const {
  const auto hold_regions = [&] {
    const std::size_t index = index_of(NetworkRole::kLandmarks);
    check(options);
    check_regions(regions, images, row_bytes(specs_[index]));
    std::vector<CropTask> crops = crop_tasks(regions, *networks_.landmarks, options.views);
    if (options.blends) {
      std::ranges::copy(crop_tasks(regions, *networks_.rescorer, 1), std::back_inserter(crops));
    }
    return hold(images, {.crops = crops, .measures_stages = options.measures_stages});
  };
  return on_held(hold_regions,
                 [&](const Frames& frames) { return place(frames, regions, options); });
}

Detections Detector::predict(const ImageView& image) const {
  return std::move(predict(std::span(&image, 1), default_options_).images.front());
}

Prediction Detector::predict(std::span<const ImageView> images,
                             const PredictOptions& options) const {
  return on_held([&] { return hold(images, {.measures_stages = options.place.measures_stages}); },
                 [&](const Frames& frames) { return predict(frames, options); });
}

std::vector<std::vector<float>> Detector::infer(NetworkRole role,
                                                std::span<const float> tensors) const {
  const std::size_t index = index_of(role);
  const NetworkSpec& network = specs_[index];
  if (tensors.size() % network.input_size() != 0) {
    fail(ErrorCode::kInvalidInput, text(tensors.size(), " floats"),
         text("a multiple of ", network.input_size(), ", (N, 3, ", network.input.height, ", ",
              network.input.width, ")"),
         "pass normalized tensors of the network's input size");
  }
  return infer_in_batches({*backend_, index, network, max_batch_, {}}, tensors).take();
}

}  // namespace kilomark
