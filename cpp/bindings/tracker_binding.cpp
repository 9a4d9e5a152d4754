#include <pybind11/stl.h>

#include <optional>
#include <tuple>
#include <utility>

#include "arrays.hpp"
#include "bindings.hpp"
#include "image_views.hpp"
#include "kilomark/detector_source.hpp"
#include "kilomark/error.hpp"
#include "kilomark/tracker.hpp"
#include "released_gil.hpp"
#include "running_calls.hpp"

namespace kilomark::bindings {

namespace {

struct TrackedArrays {
  std::vector<std::int64_t> ids;
  std::vector<std::int32_t> ages;
  py::array_t<float> boxes;
  std::vector<float> scores;
  std::vector<float> presence;
  py::array_t<float> landmarks;
  py::array_t<float> raw_landmarks;
  py::array_t<float> spread;
  py::object depth;
  py::array_t<float> velocities;
};

TrackedArrays to_arrays(TrackedFaces&& faces, int num_landmarks) {
  const auto count = static_cast<py::ssize_t>(faces.ids.size());
  py::object depth = py::none();
  if (!faces.depth.empty()) {
    depth = to_array(std::move(faces.depth), {count, num_landmarks});
  }
  return {std::move(faces.ids),
          std::move(faces.ages),
          to_array(std::move(faces.boxes), {count, 4}),
          std::move(faces.scores),
          std::move(faces.presence),
          to_array(std::move(faces.landmarks), {count, num_landmarks, 2}),
          to_array(std::move(faces.raw_landmarks), {count, num_landmarks, 2}),
          to_array(std::move(faces.spread), {count, num_landmarks}),
          std::move(depth),
          to_array(std::move(faces.velocities), {count, 2})};
}

using NamedRange = std::tuple<std::string, int, int>;  // name, start, count

Topology to_topology(const Detector& detector, const std::vector<NamedRange>& groups) {
  Topology topology;
  topology.num_landmarks = detector.num_landmarks();
  for (const auto& [name, start, count] : groups) {
    if (start < 0 || count < 0 || start > topology.num_landmarks - count) {
      fail(ErrorCode::kInvalidInput,
           "a group of landmarks " + std::to_string(start) + " and the " + std::to_string(count) +
               " from there",
           "indices below " + std::to_string(topology.num_landmarks), "pass the detector's groups");
    }
    topology.groups.push_back({name, start, count, std::nullopt});
  }
  return topology;
}

std::unique_ptr<Tracker> to_tracker(const Detector& detector, const std::vector<NamedRange>& groups,
                                    double smoothing, double memory_s, int detect_every, int tiles,
                                    int max_faces, float score_threshold, float nms_iou,
                                    bool rescoring, float presence_threshold, int views,
                                    bool blends, bool uses_companion) {
  const DetectOptions detect{.score_threshold = score_threshold,
                             .nms_iou = nms_iou,
                             .rescoring = rescoring,
                             .presence_threshold = presence_threshold};
  const TrackerOptions options{.smoothing = smoothing,
                               .memory_s = memory_s,
                               .detect_every = detect_every,
                               .tiles = tiles,
                               .max_faces = max_faces,
                               .presence_threshold = presence_threshold};
  return std::make_unique<Tracker>(
      std::make_shared<DetectorSource>(
          detector, detect,
          PlaceOptions{.views = views, .blends = blends, .uses_companion = uses_companion}),
      make_face_layout(to_topology(detector, groups)), options);
}

TrackedArrays update(Tracker& tracker, const py::object& image, const std::string& format,
                     double timestamp) {
  const RunningCall call;
  const ImageView view = to_image_view(image, format, 0);
  TrackedFaces faces;
  {
    const ReleasedGil release;
    faces = tracker.update(view, timestamp);
  }
  return to_arrays(std::move(faces), tracker.num_landmarks());
}

}  // namespace

void bind_tracker(py::module_& module) {
  const TrackerOptions defaults;
  const DetectOptions detect;
  py::class_<TrackedArrays>(module, "TrackedFaces")
      .def_readonly("ids", &TrackedArrays::ids)
      .def_readonly("ages", &TrackedArrays::ages)
      .def_readonly("boxes", &TrackedArrays::boxes)
      .def_readonly("scores", &TrackedArrays::scores)
      .def_readonly("presence", &TrackedArrays::presence)
      .def_readonly("landmarks", &TrackedArrays::landmarks)
      .def_readonly("raw_landmarks", &TrackedArrays::raw_landmarks)
      .def_readonly("spread", &TrackedArrays::spread)
      .def_readonly("depth", &TrackedArrays::depth)
      .def_readonly("velocities", &TrackedArrays::velocities)
      .def("__len__", [](const TrackedArrays& faces) { return faces.ids.size(); });

  py::class_<Tracker>(module, "Tracker")
      .def(py::init(&to_tracker), py::keep_alive<1, 2>(), py::arg("detector"), py::kw_only(),
           py::arg("groups"), py::arg("smoothing") = defaults.smoothing,
           py::arg("memory_s") = defaults.memory_s, py::arg("detect_every") = defaults.detect_every,
           py::arg("tiles") = defaults.tiles, py::arg("max_faces") = defaults.max_faces,
           py::arg("score_threshold") = detect.score_threshold, py::arg("nms_iou") = detect.nms_iou,
           py::arg("rescoring") = detect.rescoring,
           py::arg("presence_threshold") = detect.presence_threshold, py::arg("views") = 1,
           py::arg("blends") = false, py::arg("uses_companion") = false)
      .def("update", &update, py::arg("image"), py::arg("format"), py::arg("timestamp"))
      .def("reset", &Tracker::reset);
}

}  // namespace kilomark::bindings
