#include <pybind11/stl.h>

#include <optional>

#include "bindings.hpp"
#include "detections_binding.hpp"
#include "image_views.hpp"
#include "kilomark/detector.hpp"
#include "kilomark/error.hpp"

namespace kilomark::bindings {

namespace {

std::unique_ptr<Detector> make_detector(const LandmarkNetwork& landmarks,
                                        const FinderNetwork* finder, const std::string& device,
                                        int num_threads, int max_batch) {
  const py::gil_scoped_release release;
  return std::make_unique<Detector>(landmarks, finder,
                                    BackendOptions{device, num_threads, max_batch});
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

// Boxes are borrowed: (M, 4) float32 per image is M of Box.
std::vector<std::span<const Box>> to_box_spans(const py::tuple& boxes) {
  static_assert(sizeof(Box) == 4 * sizeof(float));
  std::vector<std::span<const Box>> spans;
  for (const py::handle array : boxes) {
    const std::span<const float> floats = to_floats(array, "boxes", 2);
    if (py::reinterpret_borrow<py::array>(array).shape(1) != 4) {
      fail(ErrorCode::kInvalidInput, "boxes without four numbers each", "(M, 4): x0, y0, x1, y1",
           "pass one row per box");
    }
    spans.emplace_back(reinterpret_cast<const Box*>(floats.data()), floats.size() / 4);
  }
  return spans;
}

py::tuple predict(const Detector& detector, const py::sequence& images,
                  const std::vector<std::string>& formats, const std::optional<py::sequence>& boxes,
                  float score_threshold, float nms_iou, int max_faces, float presence_threshold,
                  int finder_tiles) {
  const py::tuple kept_images(images);
  const py::tuple kept_boxes = boxes ? py::tuple(*boxes) : py::tuple();
  const std::vector<ImageView> views = to_image_views(kept_images, formats);
  const std::vector<std::span<const Box>> box_spans = to_box_spans(kept_boxes);
  const PredictOptions options{score_threshold, nms_iou, max_faces, presence_threshold,
                               finder_tiles};
  Prediction prediction;
  {
    const py::gil_scoped_release release;
    prediction = boxes ? detector.predict(views, box_spans) : detector.predict(views, options);
  }
  py::list detections;
  for (Detections& image : prediction.images) {
    detections.append(to_arrays(std::move(image), detector.num_landmarks()));
  }
  return py::make_tuple(detections, prediction.times);
}

// Runs one of the networks on normalised tensors (N, 3, H, W).
std::vector<std::vector<float>> infer(const Detector& detector, NetworkRole role,
                                      const py::array& batch) {
  const std::span<const float> tensors = to_floats(batch, "batch", 4);
  const NetworkInput& input = detector.input(role);
  if (batch.shape(1) != 3 || batch.shape(2) != input.height || batch.shape(3) != input.width) {
    fail(ErrorCode::kInvalidInput, "a batch of shape " + std::string(py::str(batch.attr("shape"))),
         "(N, 3, " + std::to_string(input.height) + ", " + std::to_string(input.width) + ")",
         "pass tensors of the network's input size");
  }
  const py::gil_scoped_release release;
  return detector.infer(role, tensors);
}

py::tuple infer_landmarks(const Detector& detector, const py::array& batch) {
  std::vector<std::vector<float>> outputs = infer(detector, NetworkRole::kLandmarks, batch);
  const py::ssize_t count = batch.shape(0);
  const py::ssize_t landmarks = detector.num_landmarks();
  return py::make_tuple(to_array(std::move(outputs[0]), {count, landmarks, 2}),
                        to_array(std::move(outputs[1]), {count, landmarks}),
                        to_array(std::move(outputs[2]), {count}));
}

py::tuple infer_finder(const Detector& detector, const py::array& batch) {
  std::vector<std::vector<float>> outputs = infer(detector, NetworkRole::kFinder, batch);
  const py::ssize_t count = batch.shape(0);
  const py::ssize_t cells = detector.num_cells();
  return py::make_tuple(to_array(std::move(outputs[0]), {count, cells}),
                        to_array(std::move(outputs[1]), {count, cells, 4}),
                        to_array(std::move(outputs[2]), {count, cells, kNumKeypoints, 2}));
}

}  // namespace

void bind_detector(py::module_& module) {
  py::class_<Detector>(module, "Detector")
      .def(py::init(&make_detector), py::arg("landmarks"), py::arg("finder"), py::kw_only(),
           py::arg("device") = "cpu", py::arg("num_threads") = 0, py::arg("max_batch") = 16)
      .def_property_readonly("device",
                             [](const Detector& self) { return std::string(self.device()); })
      .def("predict", &predict, py::arg("images"), py::arg("formats"), py::kw_only(),
           py::arg("boxes") = py::none(), py::arg("score_threshold") = 0.5F,
           py::arg("nms_iou") = 0.4F, py::arg("max_faces") = 0,
           py::arg("presence_threshold") = 0.0F, py::arg("finder_tiles") = 1)
      .def("infer_landmarks", &infer_landmarks, py::arg("batch"))
      .def("infer_finder", &infer_finder, py::arg("batch"));
  module.def("available_devices", &available_devices);
}

}  // namespace kilomark::bindings
