#include "regions_binding.hpp"

#include "bindings.hpp"
#include "kilomark/error.hpp"
#include "kilomark/network.hpp"

namespace kilomark::bindings {

namespace {

// Copies a float32 array of the given shape into a vector of elements.
template <class Element>
std::vector<Element> to_elements(const py::handle& object, const char* name,
                                 const std::vector<py::ssize_t>& shape) {
  const std::span<const float> floats =
      to_floats(object, name, static_cast<py::ssize_t>(shape.size()));
  const auto array = py::reinterpret_borrow<py::array>(object);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (array.shape(static_cast<py::ssize_t>(i)) != shape[i]) {
      fail(ErrorCode::kInvalidInput, std::string(name) + " as " + describe(object),
           "a row for each box, and as many columns as documented", "pass one row per box");
    }
  }
  const auto* elements = reinterpret_cast<const Element*>(floats.data());
  return {elements, elements + floats.size() / (sizeof(Element) / sizeof(float))};
}

py::ssize_t num_rows(const py::handle& boxes) {
  (void)to_floats(boxes, "boxes", 2);
  const auto array = py::reinterpret_borrow<py::array>(boxes);
  if (array.shape(1) != 4) {
    fail(ErrorCode::kInvalidInput, "boxes without four numbers each", "(M, 4): x0, y0, x1, y1",
         "pass one row per box");
  }
  return array.shape(0);
}

RegionArrays make_regions(const py::object& boxes, const py::object& angles_deg,
                          const py::object& scores, const py::object& keypoints) {
  const py::ssize_t rows = num_rows(boxes);
  return to_arrays({to_elements<Box>(boxes, "boxes", {rows, 4}),
                    to_elements<float>(angles_deg, "angles_deg", {rows}),
                    to_elements<float>(scores, "scores", {rows}),
                    to_elements<Point>(keypoints, "keypoints", {rows, kNumKeypoints, 2})});
}

template <class Element>
std::vector<Element> to_vector(const py::array_t<float>& array) {
  const auto* elements = reinterpret_cast<const Element*>(array.data());
  return {elements,
          elements + static_cast<std::size_t>(array.size()) / (sizeof(Element) / sizeof(float))};
}

}  // namespace

RegionArrays to_arrays(Regions&& regions) {
  const auto rows = static_cast<py::ssize_t>(regions.size());
  return {to_array(std::move(regions.boxes), {rows, 4}),
          to_array(std::move(regions.angles_deg), {rows}),
          to_array(std::move(regions.scores), {rows}),
          to_array(std::move(regions.keypoints), {rows, kNumKeypoints, 2})};
}

Regions to_regions(const RegionArrays& arrays) {
  return {to_vector<Box>(arrays.boxes), to_vector<float>(arrays.angles_deg),
          to_vector<float>(arrays.scores), to_vector<Point>(arrays.keypoints)};
}

Regions to_upright_regions(const py::handle& boxes) {
  return upright_regions(to_elements<Box>(boxes, "boxes", {num_rows(boxes), 4}));
}

void bind_regions(py::module_& module) {
  py::class_<RegionArrays>(module, "Regions")
      .def(py::init(&make_regions), py::arg("boxes"), py::arg("angles_deg"), py::arg("scores"),
           py::arg("keypoints"))
      .def_readonly("boxes", &RegionArrays::boxes)
      .def_readonly("angles_deg", &RegionArrays::angles_deg)
      .def_readonly("scores", &RegionArrays::scores)
      .def_readonly("keypoints", &RegionArrays::keypoints)
      .def("__len__", [](const RegionArrays& regions) { return regions.boxes.shape(0); });
}

}  // namespace kilomark::bindings
