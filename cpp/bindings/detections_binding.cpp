#include "detections_binding.hpp"

#include "bindings.hpp"

namespace kilomark::bindings {

DetectionArrays to_arrays(Detections&& detections, int num_landmarks) {
  const auto faces = static_cast<py::ssize_t>(detections.boxes.size());
  return {to_array(std::move(detections.boxes), {faces, 4}),
          to_array(std::move(detections.scores), {faces}),
          to_array(std::move(detections.keypoints), {faces, kNumKeypoints, 2}),
          to_array(std::move(detections.landmarks), {faces, num_landmarks, 2}),
          to_array(std::move(detections.spread), {faces, num_landmarks}),
          to_array(std::move(detections.presence), {faces})};
}

void bind_detections(py::module_& module) {
  py::class_<DetectionArrays>(module, "Detections")
      .def_readonly("boxes", &DetectionArrays::boxes)
      .def_readonly("scores", &DetectionArrays::scores)
      .def_readonly("keypoints", &DetectionArrays::keypoints)
      .def_readonly("landmarks", &DetectionArrays::landmarks)
      .def_readonly("spread", &DetectionArrays::spread)
      .def_readonly("presence", &DetectionArrays::presence)
      .def("__len__", [](const DetectionArrays& detections) { return detections.boxes.shape(0); });

  py::class_<StageTimes>(module, "StageTimes")
      .def_readonly("letterbox_ms", &StageTimes::letterbox_ms)
      .def_readonly("find_ms", &StageTimes::find_ms)
      .def_readonly("decode_ms", &StageTimes::decode_ms)
      .def_readonly("crop_ms", &StageTimes::crop_ms)
      .def_readonly("infer_ms", &StageTimes::infer_ms)
      .def_readonly("map_ms", &StageTimes::map_ms)
      .def_readonly("total_ms", &StageTimes::total_ms);
}

}  // namespace kilomark::bindings
