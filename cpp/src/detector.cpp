#include "kilomark/detector.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "batching.hpp"
#include "face_decoding.hpp"
#include "finder_views.hpp"
#include "input_checks.hpp"
#include "kilomark/error.hpp"
#include "second_look.hpp"
#include "stopwatch.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

// A face on its way from the finder, or from the caller, to its landmarks.
struct Candidate {
  std::size_t image = 0;
  FoundFace face;
  Crop crop;
};

// What is kept of a network once its model is loaded.
LandmarkNetwork without_model(const LandmarkNetwork& network) {
  return {{}, network.input, network.num_landmarks, network.crop_scale};
}

FinderNetwork without_model(const FinderNetwork& network) {
  return {{}, network.input, network.strides};
}

void check_networks(const LandmarkNetwork& landmarks, const FinderNetwork* finder,
                    const BackendOptions& options) {
  check_options(options);
  check_network(landmarks);
  if (finder != nullptr) {
    check_network(*finder);
  }
}

FoundFace make_given_face(const Box& box) {
  constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
  FoundFace face{box, 1.0F, {}};
  face.keypoints.fill({kUnknown, kUnknown});
  return face;
}

Crop make_face_crop(const Box& box, double angle_deg, const LandmarkNetwork& network) {
  const Point center{0.5F * (box.x0 + box.x1), 0.5F * (box.y0 + box.y1)};
  const double longer = std::max(box.x1 - box.x0, box.y1 - box.y0);
  return Crop::around(center, network.crop_scale * longer, angle_deg, network.input.width,
                      network.input.height);
}

// The box of a candidate's landmarks, (K, 2) in input pixels, in the image.
Box box_of_landmarks(const Candidate& candidate, std::span<const float> landmarks) {
  constexpr float kFar = std::numeric_limits<float>::infinity();
  Box box{kFar, kFar, -kFar, -kFar};
  for (std::size_t k = 0; k + 1 < landmarks.size(); k += 2) {
    const Point point = candidate.crop.to_image({landmarks[k], landmarks[k + 1]});
    box = {std::min(box.x0, point.x), std::min(box.y0, point.y), std::max(box.x1, point.x),
           std::max(box.y1, point.y)};
  }
  return box;
}

// Rates the candidates by their presence (N,) too. Those that are faces, best first.
std::vector<std::size_t> choose_faces(std::vector<Candidate>& candidates,
                                      std::span<const float> presence,
                                      const PredictOptions& options) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    float& score = candidates[i].face.score;
    score = score_of_both(score, presence[i]);
    if (score >= options.score_threshold && presence[i] >= options.presence_threshold) {
      chosen.push_back(i);  // NaN is no face
    }
  }
  std::ranges::stable_sort(chosen, std::ranges::greater{},
                           [&](std::size_t index) { return candidates[index].face.score; });
  return chosen;
}

// Leaves out whose landmarks lie where those of a better one do. A doubtful box may miss most of a
// face that another box meets; its landmarks still find that face.
std::vector<std::size_t> without_doubles(std::span<const std::size_t> best_first,
                                         std::span<const Candidate> candidates,
                                         std::span<const float> landmarks, float nms_iou) {
  const std::size_t size = landmarks.size() / std::max<std::size_t>(candidates.size(), 1);
  std::vector<std::size_t> kept;
  std::vector<Box> boxes;
  for (const std::size_t index : best_first) {
    const Box box = box_of_landmarks(candidates[index], landmarks.subspan(index * size, size));
    bool is_double = false;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      is_double |= candidates[kept[i]].image == candidates[index].image &&
                   intersection_over_union(boxes[i], box) > nms_iou;
    }
    if (!is_double) {
      kept.push_back(index);
      boxes.push_back(box);
    }
  }
  return kept;
}

std::vector<std::size_t> all_of(std::span<const Candidate> candidates) {
  std::vector<std::size_t> all(candidates.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

}  // namespace

class Detector::Implementation {
 public:
  Implementation(const LandmarkNetwork& landmarks, const FinderNetwork* finder,
                 std::unique_ptr<Backend> backend, int max_batch)
      : landmarks_(without_model(landmarks)), max_batch_(max_batch), backend_(std::move(backend)) {
    if (finder != nullptr) {
      finder_ = without_model(*finder);
    }
  }

  [[nodiscard]] Prediction predict(std::span<const ImageView> images,
                                   const PredictOptions& options) const {
    Stopwatch total;
    check_options(options);
    check_images(images);
    Prediction prediction;
    const std::unique_ptr<HeldImages> held = backend_->hold(images);
    std::vector<Candidate> candidates = find_faces(images, *held, options, prediction.times);
    const BatchedOutputs placed = place_landmarks(*held, candidates, prediction.times);
    prediction.images.resize(images.size());
    if (options.presence_threshold == 0.0F) {
      append_faces(candidates, all_of(candidates), placed, prediction);
    } else {
      const std::vector<std::size_t> chosen = choose_faces(candidates, placed.outputs[2], options);
      append_faces(candidates,
                   without_doubles(chosen, candidates, placed.outputs[0], options.nms_iou), placed,
                   prediction);
    }
    prediction.times.total_ms = total.lap_ms();
    return prediction;
  }

  [[nodiscard]] Prediction predict(std::span<const ImageView> images,
                                   std::span<const std::span<const Box>> boxes) const {
    Stopwatch total;
    check_images(images);
    if (boxes.size() != images.size()) {
      fail(ErrorCode::kInvalidInput, text("boxes for ", boxes.size(), " images"),
           text("boxes for ", images.size(), " images"), "pass one array of boxes per image");
    }
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < images.size(); ++i) {
      check_boxes(boxes[i], images[i], i);
      for (const Box& box : boxes[i]) {
        candidates.push_back({i, make_given_face(box), make_face_crop(box, 0.0, landmarks_)});
      }
    }
    Prediction prediction;
    const std::unique_ptr<HeldImages> held = backend_->hold(images);
    const BatchedOutputs placed = place_landmarks(*held, candidates, prediction.times);
    prediction.images.resize(images.size());
    append_faces(candidates, all_of(candidates), placed, prediction);
    prediction.times.total_ms = total.lap_ms();
    return prediction;
  }

  [[nodiscard]] std::vector<std::vector<float>> infer(NetworkRole role,
                                                      std::span<const float> tensors) const {
    const NetworkInput& in = input(role);
    const auto input_size =
        3 * static_cast<std::size_t>(in.width) * static_cast<std::size_t>(in.height);
    if (tensors.size() % input_size != 0) {
      fail(ErrorCode::kInvalidInput, text(tensors.size(), " floats"),
           text("a multiple of ", input_size, ", (N, 3, ", in.height, ", ", in.width, ")"),
           "pass normalised tensors of the network's input size");
    }
    const OutputSizes sizes =
        role == NetworkRole::kFinder ? output_sizes(*finder_) : output_sizes(landmarks_);
    return infer_in_batches(*backend_, role, tensors, input_size, sizes, max_batch_);
  }

  [[nodiscard]] const NetworkInput& input(NetworkRole role) const {
    if (role == NetworkRole::kFinder) {
      check_finder();
      return finder_->input;
    }
    return landmarks_.input;
  }

  [[nodiscard]] const Backend& backend() const { return *backend_; }
  [[nodiscard]] const LandmarkNetwork& landmarks() const { return landmarks_; }
  [[nodiscard]] const std::optional<FinderNetwork>& finder() const { return finder_; }

 private:
  static void check_images(std::span<const ImageView> images) {
    for (std::size_t i = 0; i < images.size(); ++i) {
      check_image(images[i], i);
    }
  }

  void check_finder() const {
    if (!finder_) {
      fail(ErrorCode::kInvalidInput, "a detector without a face finder", "boxes of the faces",
           "pass boxes, or make the detector with a face finder");
    }
  }

  [[nodiscard]] std::vector<Candidate> find_faces(std::span<const ImageView> images,
                                                  const HeldImages& held,
                                                  const PredictOptions& options,
                                                  StageTimes& times) const {
    check_finder();
    const std::vector<CropTask> views = views_of(images, options.finder_tiles);
    const BatchedOutputs outputs = run_in_batches(*backend_, NetworkRole::kFinder, held, views,
                                                  output_sizes(*finder_), max_batch_);
    times.letterbox_ms = outputs.times.crop_ms;
    times.find_ms = outputs.times.infer_ms;

    Stopwatch stopwatch;
    std::vector<std::vector<FoundFace>> found =
        decode_views(images, views, outputs, lowest_score_to_look_at(options));
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < images.size(); ++i) {
      for (const FoundFace& face : merge_cells(std::move(found[i]), options)) {
        const double angle_deg = eye_angle_deg(face.keypoints);
        candidates.push_back({i, face, make_face_crop(face.box, angle_deg, landmarks_)});
      }
    }
    times.decode_ms = stopwatch.lap_ms();
    return candidates;
  }

  [[nodiscard]] std::vector<CropTask> views_of(std::span<const ImageView> images, int tiles) const {
    std::vector<CropTask> views;
    for (std::size_t i = 0; i < images.size(); ++i) {
      for (const Crop& view :
           finder_views(images[i].width, images[i].height, finder_->input, tiles)) {
        views.push_back({i, view});
      }
    }
    return views;
  }

  // What the finder's cells found in each image, in all of its views.
  [[nodiscard]] std::vector<std::vector<FoundFace>> decode_views(std::span<const ImageView> images,
                                                                 std::span<const CropTask> views,
                                                                 const BatchedOutputs& outputs,
                                                                 float score_threshold) const {
    const OutputSizes sizes = output_sizes(*finder_);
    const FinderGrid grid{finder_->input.width, finder_->input.height, finder_->strides};
    std::vector<std::vector<FoundFace>> found(images.size());
    for (std::size_t i = 0; i < views.size(); ++i) {
      const auto part = [&](std::size_t output) {
        return std::span(outputs.outputs[output]).subspan(i * sizes[output], sizes[output]);
      };
      const auto& [image, view] = views[i];
      std::ranges::copy(
          decode_cells({part(0), part(1), part(2)}, grid, view, images[image], score_threshold),
          std::back_inserter(found[image]));
    }
    return found;
  }

  [[nodiscard]] BatchedOutputs place_landmarks(const HeldImages& held,
                                               std::span<const Candidate> candidates,
                                               StageTimes& times) const {
    std::vector<CropTask> tasks;
    for (const Candidate& candidate : candidates) {
      tasks.push_back({candidate.image, candidate.crop});
    }
    BatchedOutputs placed = run_in_batches(*backend_, NetworkRole::kLandmarks, held, tasks,
                                           output_sizes(landmarks_), max_batch_);
    times.crop_ms = placed.times.crop_ms;
    times.infer_ms = placed.times.infer_ms;
    return placed;
  }

  // Adds the chosen ones of the candidates, whose landmarks were placed, in their order.
  void append_faces(std::span<const Candidate> candidates, std::span<const std::size_t> chosen,
                    const BatchedOutputs& placed, Prediction& prediction) const {
    Stopwatch stopwatch;
    for (const std::size_t index : chosen) {
      append_face(prediction, candidates[index], placed, index);
    }
    prediction.times.map_ms = stopwatch.lap_ms();
  }

  void append_face(Prediction& prediction, const Candidate& candidate, const BatchedOutputs& placed,
                   std::size_t index) const {
    const FoundFace& face = candidate.face;
    Detections& detections = prediction.images[candidate.image];
    detections.boxes.push_back(face.box);
    detections.scores.push_back(face.score);
    detections.keypoints.insert(detections.keypoints.end(), face.keypoints.begin(),
                                face.keypoints.end());
    const auto num_landmarks = static_cast<std::size_t>(landmarks_.num_landmarks);
    const float* landmark = &placed.outputs[0][2 * num_landmarks * index];
    const float* spread = &placed.outputs[1][num_landmarks * index];
    const auto scale = static_cast<float>(candidate.crop.scale());
    for (std::size_t k = 0; k < num_landmarks; ++k) {
      detections.landmarks.push_back(
          candidate.crop.to_image({landmark[2 * k], landmark[2 * k + 1]}));
      detections.spread.push_back(spread[k] * scale);
    }
    detections.presence.push_back(placed.outputs[2][index]);
  }

  LandmarkNetwork landmarks_;  // without its model
  std::optional<FinderNetwork> finder_;
  int max_batch_;
  std::unique_ptr<Backend> backend_;
};

Detector::Detector(const LandmarkNetwork& landmarks, const FinderNetwork* finder,
                   const BackendOptions& options) {
  check_networks(landmarks, finder, options);
  implementation_ = std::make_unique<Implementation>(
      landmarks, finder, make_backend(landmarks, finder, options), options.max_batch);
}

Detector::Detector(const LandmarkNetwork& landmarks, const FinderNetwork* finder,
                   std::unique_ptr<Backend> backend, int max_batch) {
  check_networks(landmarks, finder, {.max_batch = max_batch});
  implementation_ =
      std::make_unique<Implementation>(landmarks, finder, std::move(backend), max_batch);
}

Detector::~Detector() = default;

Prediction Detector::predict(std::span<const ImageView> images,
                             const PredictOptions& options) const {
  return implementation_->predict(images, options);
}

Prediction Detector::predict(std::span<const ImageView> images,
                             std::span<const std::span<const Box>> boxes) const {
  return implementation_->predict(images, boxes);
}

std::vector<std::vector<float>> Detector::infer(NetworkRole role,
                                                std::span<const float> tensors) const {
  return implementation_->infer(role, tensors);
}

std::string_view Detector::device() const { return implementation_->backend().device(); }

bool Detector::has_finder() const { return implementation_->finder().has_value(); }

const NetworkInput& Detector::input(NetworkRole role) const { return implementation_->input(role); }

int Detector::num_landmarks() const { return implementation_->landmarks().num_landmarks; }

int Detector::num_cells() const {
  return has_finder() ? implementation_->finder()->num_cells() : 0;
}

}  // namespace kilomark
