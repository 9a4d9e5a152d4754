#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "kilomark/network.hpp"
#include "kilomark/onnx_check.hpp"

namespace kilomark::bindings {

namespace {

NetworkInput make_input(int width, int height, const std::string& channel_order,
                        const std::array<float, 3>& mean, const std::array<float, 3>& std) {
  return {width, height, to_channel_order(channel_order), mean, std};
}

}  // namespace

void bind_networks(py::module_& module) {
  py::class_<NetworkInput>(module, "NetworkInput")
      .def(py::init(&make_input), py::kw_only(), py::arg("width"), py::arg("height"),
           py::arg("channel_order"), py::arg("mean"), py::arg("std"))
      .def_readonly("width", &NetworkInput::width)
      .def_readonly("height", &NetworkInput::height);

  py::class_<LandmarkNetwork>(module, "LandmarkNetwork")
      .def(py::init([](const py::bytes& model, const NetworkInput& input, int num_landmarks,
                       float crop_scale) {
             return LandmarkNetwork{std::string(model), input, num_landmarks, crop_scale};
           }),
           py::kw_only(), py::arg("model"), py::arg("input"), py::arg("num_landmarks"),
           py::arg("crop_scale"))
      .def_readonly("num_landmarks", &LandmarkNetwork::num_landmarks)
      .def_readonly("crop_scale", &LandmarkNetwork::crop_scale);

  py::class_<FinderNetwork>(module, "FinderNetwork")
      .def(py::init([](const py::bytes& model, const NetworkInput& input,
                       const std::vector<int>& strides) {
             return FinderNetwork{std::string(model), input, strides};
           }),
           py::kw_only(), py::arg("model"), py::arg("input"), py::arg("strides"))
      .def_readonly("strides", &FinderNetwork::strides);

  module.def(
      "check_onnx",
      [](const py::bytes& model) {
        const auto bytes = static_cast<std::string_view>(model);
        const py::gil_scoped_release released;
        check_onnx(bytes);
      },
      py::arg("model"));
}

}  // namespace kilomark::bindings
