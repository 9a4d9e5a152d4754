#include "kilomark/detector.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "batching.hpp"
#include "detector_finding.hpp"
#include "detector_networks.hpp"
#include "eye_placing.hpp"
#include "face_selection.hpp"
#include "input_checks.hpp"
#include "kilomark/error.hpp"
#include "landmark_blending.hpp"
#include "landmark_placing.hpp"
#include "stopwatch.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

// What one face takes in the result.
std::size_t row_bytes(const NetworkSpec& spec) {
  std::size_t floats = 2 * sizeof(Box) / sizeof(float) + 2 * kNumKeypoints + 2;
  for (const NamedOutput& output : spec.outputs) {
    floats += output.size();
  }
  return floats * sizeof(float);
}

// Throws Error{kInference} if a network's output is not finite or far outside of its crop.
void check_outputs(std::span<const Detections> images, std::span<const HardFaces> hard = {}) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto bad =
        std::ranges::find_if(images[i].presence, [](float p) { return std::isnan(p); });
    if (bad != images[i].presence.end()) {
      const auto row = static_cast<std::size_t>(bad - images[i].presence.begin());
      fail(ErrorCode::kInference,
           text("landmarks of region ", hard.empty() ? row : hard[i].rows[row], " of image ", i,
                " that are not finite or far outside of its crop"),
           "landmarks near the crop and a presence from 0 to 1",
           "check the network with this image; it may be damaged");
    }
  }
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

// Keeps the faces of one image that reach the thresholds, without duplicates.
void select_placed(const DetectOptions& options, Regions& regions, Detections& placed) {
  const std::vector<std::size_t> kept =
      drop_duplicates(choose_faces(placed.scores, placed.presence, options), placed.landmark_boxes,
                      options.nms_iou);
  regions = take_rows(regions, kept);
  placed = take_rows(placed, kept);
}

double sum_ms(const PlacingTimes& times) { return times.crop_ms + times.infer_ms + times.map_ms; }

void set_placing(const PlacingTimes& placing, StageTimes& times) {
  times.crop_ms = placing.crop_ms;
  times.infer_ms = placing.infer_ms;
  times.map_ms = placing.map_ms;
}

std::unique_ptr<Backend> load(const Networks& networks, const BackendOptions& options) {
  check_options(options);
  check_networks(networks);
  return make_backend(to_specs(networks), options);
}

}  // namespace

Detector::Detector(const Networks& networks, const BackendOptions& options)
    : Detector(networks, load(networks, options), options.max_batch) {}

Detector::Detector(const Networks& networks, std::unique_ptr<Backend> backend, int max_batch)
    : networks_(without_models(networks)), backend_(std::move(backend)), max_batch_(max_batch) {
  check_options(BackendOptions{.max_batch = max_batch});
  check_networks(networks_);
  specs_ = to_specs(networks_);
  topology_.num_landmarks = num_landmarks();
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

std::vector<Detections> Detector::place_by(NetworkRole role, const Frames& frames,
                                           std::span<const Regions> regions,
                                           const PlaceOptions& options, PlacingTimes& times) const {
  const std::size_t index = index_of(role);
  const LoadedNetwork loaded{*backend_, index, specs_[index], max_batch_, options.between_batches};
  const LandmarkNetwork& network = role == NetworkRole::kRescorer    ? *networks_.rescorer
                                   : role == NetworkRole::kCompanion ? networks_.companion->network
                                                                     : *networks_.landmarks;
  return place_landmarks(loaded, network, frames, regions, options.views, times);
}

// Runs the companion on the hard faces and blends its landmarks into them. `regions` has a row for
// each face of each image.
void Detector::blend_companion(const Frames& frames, std::span<const Regions> regions,
                               const PlaceOptions& options, std::vector<Detections>& images,
                               PlacingTimes& times) const {
  Stopwatch stopwatch;
  const CompanionRule& rule = networks_.companion->rule;
  std::vector<HardFaces> hard;
  std::vector<Regions> hard_regions;
  for (std::size_t i = 0; i < images.size(); ++i) {
    hard.push_back(hard_faces(images[i], rule));
    hard_regions.push_back(take_rows(regions[i], hard.back().rows));
  }
  times.map_ms += stopwatch.lap_ms();
  if (std::ranges::all_of(hard, [](const HardFaces& faces) { return faces.rows.empty(); })) {
    return;
  }
  const std::vector<Detections> placed =
      place_by(NetworkRole::kCompanion, frames, hard_regions, options, times);
  check_outputs(placed, hard);
  (void)stopwatch.lap_ms();
  for (std::size_t i = 0; i < images.size(); ++i) {
    kilomark::blend_companion(images[i], hard[i], placed[i], rule);
  }
  times.map_ms += stopwatch.lap_ms();
}

// Runs the eye network, if there is one, and blends its landmarks into the faces'.
void Detector::place_eyes(const Frames& frames, const PlaceOptions& options,
                          std::vector<Detections>& images, PlacingTimes& times) const {
  if (!networks_.eyes) {
    return;
  }
  const std::size_t index = index_of(NetworkRole::kEyes);
  kilomark::place_eyes({*backend_, index, specs_[index], max_batch_, options.between_batches},
                       *networks_.eyes, frames, images, times);
}

void Detector::check(const PlaceOptions& options) const {
  check_options(options, *networks_.landmarks, networks_.rescorer ? &*networks_.rescorer : nullptr,
                networks_.companion ? &networks_.companion->network : nullptr);
}

Detection Detector::detect(const Frames& frames, const DetectOptions& options) const {
  Stopwatch total;
  Detection detection;
  Found found = find(frames, options, detection.times);
  detection.images = std::move(found.regions);
  detection.times.rescore_ms = sum_ms(found.rescoring);
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
    Stopwatch stopwatch;
    blend_all(placement.images, others);
    times.map_ms += stopwatch.lap_ms();
  }
  if (options.uses_companion) {
    blend_companion(frames, regions, options, placement.images, times);
  }
  place_eyes(frames, options, placement.images, times);
  set_placing(times, placement.times);
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
    times.rescore_ms = sum_ms(found.rescoring);
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
    for (std::size_t i = 0; i < prediction.images.size(); ++i) {
      select_placed(options.detect, found.regions[i], prediction.images[i]);
    }
    times.select_ms += stopwatch.lap_ms();
  }
  if (options.place.uses_companion) {
    blend_companion(frames, found.regions, options.place, prediction.images, placing);
  }
  place_eyes(frames, options.place, prediction.images, placing);
  set_placing(placing, times);
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
    if (networks_.eyes) {  // where they are is not known before the landmarks are placed
      return hold(images, {.measures_stages = options.measures_stages});
    }
    std::vector<CropTask> crops = crop_tasks(regions, *networks_.landmarks, options.views);
    if (options.blends) {
      std::ranges::copy(crop_tasks(regions, *networks_.rescorer, 1), std::back_inserter(crops));
    }
    if (options.uses_companion) {
      std::ranges::copy(crop_tasks(regions, networks_.companion->network, options.views),
                        std::back_inserter(crops));
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
