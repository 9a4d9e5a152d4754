#include <pybind11/stl.h>

#include <optional>

#include "bindings.hpp"
#include "cut_text.hpp"
#include "detections_binding.hpp"
#include "image_views.hpp"
#include "kilomark/detector.hpp"
#include "kilomark/error.hpp"
#include "regions_binding.hpp"
#include "released_gil.hpp"
#include "running_calls.hpp"

namespace kilomark::bindings {

namespace {

Precision to_precision(const std::string& precision) {
  if (precision == "auto") {
    return Precision::kAuto;
  }
  if (precision == "fp32") {
    return Precision::kFp32;
  }
  if (precision == "bf16") {
    return Precision::kBf16;
  }
  fail(ErrorCode::kInvalidInput, "precision " + quote(precision), "auto, fp32 or bf16",
       "correct the option");
}

std::unique_ptr<Detector> make_detector(
    const LandmarkNetwork* landmarks, const FinderNetwork* finder, const LandmarkNetwork* rescorer,
    const LandmarkNetwork* companion, const CompanionRule& companion_rule, const EyeNetwork* eyes,
    const std::string& device, int num_threads, int max_batch, const std::string& cache_folder,
    const std::string& precision) {
  const RunningCall call;
  Networks networks;
  if (landmarks != nullptr) {
    networks.landmarks = *landmarks;
  }
  if (finder != nullptr) {
    networks.finder = *finder;
  }
  if (rescorer != nullptr) {
    networks.rescorer = *rescorer;
  }
  if (companion != nullptr) {
    networks.companion = CompanionNetwork{*companion, companion_rule};
  }
  if (eyes != nullptr) {
    networks.eyes = *eyes;
  }
  const ReleasedGil release;
  return std::make_unique<Detector>(
      networks,
      BackendOptions{device, num_threads, max_batch, cache_folder, to_precision(precision)});
}

// The views borrow from the arrays, so a tuple keeps these: a list may be emptied by another thread
// while the GIL is released, and a sequence may make its items anew for whoever asks.
std::vector<ImageView> to_image_views(const py::tuple& images,
                                      const std::vector<std::string>& formats) {
  if (images.size() != formats.size()) {
    fail(ErrorCode::kInvalidInput, std::to_string(formats.size()) + " formats",
         std::to_string(images.size()) + ", one per image", "pass one format per image");
  }
  std::vector<ImageView> views;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    views.push_back(to_image_view(images[i], formats[i], i));
  }
  return views;
}

std::vector<Regions> to_region_list(const py::sequence& sequence) {
  std::vector<Regions> regions;
  for (const py::handle item : py::tuple(sequence)) {
    if (!py::isinstance<RegionArrays>(item)) {
      fail(ErrorCode::kInvalidInput, "regions as " + describe(item), "Regions",
           "pass one Regions per image");
    }
    regions.push_back(to_regions(item.cast<const RegionArrays&>()));
  }
  return regions;
}

std::vector<Regions> boxes_to_regions(const py::sequence& boxes) {
  std::vector<Regions> regions;
  for (const py::handle array : py::tuple(boxes)) {
    regions.push_back(to_upright_regions(array));
  }
  return regions;
}

DetectOptions to_options(float score_threshold, float nms_iou, int max_faces, bool rescoring,
                         float presence_threshold, int finder_size, int finder_tiles,
                         const RunningCall& call) {
  return {.score_threshold = score_threshold,
          .nms_iou = nms_iou,
          .max_faces = max_faces,
          .rescoring = rescoring,
          .presence_threshold = presence_threshold,
          .finder_size = finder_size,
          .finder_tiles = finder_tiles,
          .between_batches = call.between_batches()};
}

py::tuple to_tuple(Placement&& placement, int num_landmarks) {
  py::list detections;
  for (Detections& image : placement.images) {
    detections.append(to_arrays(std::move(image), num_landmarks));
  }
  return py::make_tuple(detections, placement.times);
}

py::tuple detect(const Detector& detector, const py::sequence& images,
                 const std::vector<std::string>& formats, float score_threshold, float nms_iou,
                 int max_faces, bool rescoring, float presence_threshold, int finder_size,
                 int finder_tiles) {
  const RunningCall call;
  const py::tuple kept_images(images);
  const std::vector<ImageView> views = to_image_views(kept_images, formats);
  const DetectOptions options = to_options(score_threshold, nms_iou, max_faces, rescoring,
                                           presence_threshold, finder_size, finder_tiles, call);
  Detection detection;
  {
    const ReleasedGil release;
    detection = detector.detect(views, options);
  }
  py::list regions;
  for (Regions& image : detection.images) {
    regions.append(to_arrays(std::move(image)));
  }
  return py::make_tuple(regions, detection.times);
}

PlaceOptions to_place_options(int views, bool blends, bool uses_companion, const RunningCall& call,
                              bool measures_stages) {
  return {.between_batches = call.between_batches(),
          .measures_stages = measures_stages,
          .views = views,
          .blends = blends,
          .uses_companion = uses_companion};
}

py::tuple place(const Detector& detector, const py::sequence& images,
                const std::vector<std::string>& formats, const py::sequence& regions, int views,
                bool blends, bool uses_companion, bool measures_stages) {
  const RunningCall call;
  const py::tuple kept_images(images);
  const std::vector<ImageView> images_to_place = to_image_views(kept_images, formats);
  const std::vector<Regions> given = to_region_list(regions);
  Placement placement;
  {
    const ReleasedGil release;
    placement =
        detector.place(images_to_place, given,
                       to_place_options(views, blends, uses_companion, call, measures_stages));
  }
  return to_tuple(std::move(placement), detector.num_landmarks());
}

py::tuple predict(const Detector& detector, const py::sequence& images,
                  const std::vector<std::string>& formats, const std::optional<py::sequence>& boxes,
                  float score_threshold, float nms_iou, int max_faces, bool rescoring,
                  float presence_threshold, int finder_size, int finder_tiles, int views,
                  bool blends, bool uses_companion, bool measures_stages) {
  const RunningCall call;
  const py::tuple kept_images(images);
  const std::vector<ImageView> images_to_place = to_image_views(kept_images, formats);
  const std::vector<Regions> given = boxes ? boxes_to_regions(*boxes) : std::vector<Regions>();
  const PredictOptions options{
      to_options(score_threshold, nms_iou, max_faces, rescoring, presence_threshold, finder_size,
                 finder_tiles, call),
      to_place_options(views, blends, uses_companion, call, measures_stages)};
  Prediction prediction;
  {
    const ReleasedGil release;
    prediction = boxes ? detector.place(images_to_place, given, options.place)
                       : detector.predict(images_to_place, options);
  }
  return to_tuple(std::move(prediction), detector.num_landmarks());
}

NetworkRole to_role(const std::string& network) {
  if (network == "finder") {
    return NetworkRole::kFinder;
  }
  if (network == "landmarks") {
    return NetworkRole::kLandmarks;
  }
  if (network == "rescorer") {
    return NetworkRole::kRescorer;
  }
  if (network == "companion") {
    return NetworkRole::kCompanion;
  }
  if (network == "eyes") {
    return NetworkRole::kEyes;
  }
  fail(ErrorCode::kInvalidInput, "network " + quote(network),
       "finder, landmarks, rescorer, companion or eyes", "name one of the detector's networks");
}

// Runs one of the networks on normalized tensors (N, 3, H, W): its outputs by name.
py::dict infer(const Detector& detector, const std::string& network, const py::array& batch) {
  const RunningCall call;
  const NetworkRole role = to_role(network);
  const std::span<const float> tensors = to_floats(batch, "batch", 4);
  const NetworkSpec& spec = detector.spec(role);
  if (batch.shape(1) != 3 || batch.shape(2) != spec.input.height ||
      batch.shape(3) != spec.input.width) {
    fail(ErrorCode::kInvalidInput, "a batch of shape " + std::string(py::str(batch.attr("shape"))),
         "(N, 3, " + std::to_string(spec.input.height) + ", " + std::to_string(spec.input.width) +
             ")",
         "pass tensors of the network's input size");
  }
  std::vector<std::vector<float>> outputs;
  {
    const ReleasedGil release;
    outputs = detector.infer(role, tensors);
  }
  py::dict named;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    std::vector<py::ssize_t> shape{batch.shape(0)};
    shape.insert(shape.end(), spec.outputs[i].shape.begin(), spec.outputs[i].shape.end());
    named[py::str(spec.outputs[i].name)] = to_array(std::move(outputs[i]), std::move(shape));
  }
  return named;
}

}  // namespace

void bind_detector(py::module_& module) {
  const DetectOptions defaults;
  const PlaceOptions placing;
  py::class_<Detector>(module, "Detector")
      .def(py::init(&make_detector), py::arg("landmarks").none(true), py::arg("finder").none(true),
           py::kw_only(), py::arg("rescorer").none(true) = py::none(),
           py::arg("companion").none(true) = py::none(),
           py::arg("companion_rule") = CompanionRule(), py::arg("eyes").none(true) = py::none(),
           py::arg("device") = "cpu", py::arg("num_threads") = 0, py::arg("max_batch") = 16,
           py::arg("cache_folder") = "", py::arg("precision") = "auto")
      .def_property_readonly("device",
                             [](const Detector& self) { return std::string(self.device()); })
      .def_property_readonly("input_stream", &Detector::input_stream)
      .def("detect", &detect, py::arg("images"), py::arg("formats"), py::kw_only(),
           py::arg("score_threshold") = defaults.score_threshold,
           py::arg("nms_iou") = defaults.nms_iou, py::arg("max_faces") = defaults.max_faces,
           py::arg("rescoring") = defaults.rescoring,
           py::arg("presence_threshold") = defaults.presence_threshold,
           py::arg("finder_size") = defaults.finder_size,
           py::arg("finder_tiles") = defaults.finder_tiles)
      .def("place", &place, py::arg("images"), py::arg("formats"), py::arg("regions"),
           py::kw_only(), py::arg("views") = placing.views, py::arg("blends") = placing.blends,
           py::arg("uses_companion") = placing.uses_companion, py::arg("measures_stages") = false)
      .def("predict", &predict, py::arg("images"), py::arg("formats"), py::kw_only(),
           py::arg("boxes") = py::none(), py::arg("score_threshold") = defaults.score_threshold,
           py::arg("nms_iou") = defaults.nms_iou, py::arg("max_faces") = defaults.max_faces,
           py::arg("rescoring") = defaults.rescoring,
           py::arg("presence_threshold") = defaults.presence_threshold,
           py::arg("finder_size") = defaults.finder_size,
           py::arg("finder_tiles") = defaults.finder_tiles, py::arg("views") = placing.views,
           py::arg("blends") = placing.blends, py::arg("uses_companion") = placing.uses_companion,
           py::arg("measures_stages") = false)
      .def("infer", &infer, py::arg("network"), py::arg("batch"));
  module.def("available_devices", &available_devices);
  module.def("has_native_bf16", [] {
    const ReleasedGil release;
    return has_native_bf16();
  });
}

}  // namespace kilomark::bindings
