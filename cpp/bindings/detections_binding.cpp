#include "detections_binding.hpp"

#include <pybind11/stl.h>

#include <array>

#include "bindings.hpp"

namespace kilomark::bindings {

DetectionArrays to_arrays(Detections&& detections, int num_landmarks) {
  const auto faces = static_cast<py::ssize_t>(detections.size());
  py::object depth = py::none();
  if (!detections.depth.empty()) {
    depth = to_array(std::move(detections.depth), {faces, num_landmarks});
  }
  return {to_array(std::move(detections.boxes), {faces, 4}),
          to_array(std::move(detections.angles_deg), {faces}),
          to_array(std::move(detections.scores), {faces}),
          to_array(std::move(detections.keypoints), {faces, kNumKeypoints, 2}),
          to_array(std::move(detections.landmarks), {faces, num_landmarks, 2}),
          to_array(std::move(detections.spread), {faces, num_landmarks}),
          to_array(std::move(detections.presence), {faces}),
          std::move(depth),
          to_array(std::move(detections.landmark_boxes), {faces, 4})};
}

void bind_detections(py::module_& module) {
  py::class_<DetectionArrays>(module, "Detections")
      .def_readonly("boxes", &DetectionArrays::boxes)
      .def_readonly("angles_deg", &DetectionArrays::angles_deg)
      .def_readonly("scores", &DetectionArrays::scores)
      .def_readonly("keypoints", &DetectionArrays::keypoints)
      .def_readonly("landmarks", &DetectionArrays::landmarks)
      .def_readonly("spread", &DetectionArrays::spread)
      .def_readonly("presence", &DetectionArrays::presence)
      .def_readonly("depth", &DetectionArrays::depth)
      .def_readonly("landmark_boxes", &DetectionArrays::landmark_boxes)
      .def("__len__", [](const DetectionArrays& detections) { return detections.boxes.shape(0); });

  py::class_<StageTimes>(module, "StageTimes")
      .def_readonly("hold_ms", &StageTimes::hold_ms)
      .def_readonly("letterbox_ms", &StageTimes::letterbox_ms)
      .def_readonly("find_ms", &StageTimes::find_ms)
      .def_readonly("decode_ms", &StageTimes::decode_ms)
      .def_readonly("rescore_ms", &StageTimes::rescore_ms)
      .def_readonly("select_ms", &StageTimes::select_ms)
      .def_readonly("crop_ms", &StageTimes::crop_ms)
      .def_readonly("infer_ms", &StageTimes::infer_ms)
      .def_readonly("map_ms", &StageTimes::map_ms)
      .def_readonly("total_ms", &StageTimes::total_ms)
      .def_property_readonly("looks", [](const StageTimes& times) {
        std::vector<std::vector<std::array<int, 3>>> looks;
        for (const std::vector<Look>& image : times.looks) {
          looks.emplace_back();
          for (const Look& look : image) {
            looks.back().push_back({look.width, look.height, look.views});
          }
        }
        return looks;
      });
}

}  // namespace kilomark::bindings
