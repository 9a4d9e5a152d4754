#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "kilomark/bundle.hpp"
#include "kilomark/network.hpp"
#include "kilomark/onnx_check.hpp"
#include "released_gil.hpp"

namespace kilomark::bindings {

namespace {

NetworkInput make_input(int width, int height, const std::string& channel_order,
                        const std::array<float, 3>& mean, const std::array<float, 3>& std) {
  return {width, height, to_channel_order(channel_order), mean, std};
}

Model to_model(const py::bytes& bytes) {
  return std::make_shared<const std::string>(std::string_view(bytes));
}

void bind_landmark_network(py::module_& module) {
  py::class_<NetworkInput>(module, "NetworkInput")
      .def(py::init(&make_input), py::kw_only(), py::arg("width"), py::arg("height"),
           py::arg("channel_order"), py::arg("mean"), py::arg("std"))
      .def_readonly("width", &NetworkInput::width)
      .def_readonly("height", &NetworkInput::height);

  py::class_<LandmarkNetwork>(module, "LandmarkNetwork")
      .def(py::init([](const py::bytes& model, const NetworkInput& input, int num_landmarks,
                       float crop_scale, bool has_depth, std::vector<int> mirror) {
             return LandmarkNetwork{to_model(model), input,     num_landmarks,
                                    crop_scale,      has_depth, std::move(mirror)};
           }),
           py::kw_only(), py::arg("model"), py::arg("input"), py::arg("num_landmarks"),
           py::arg("crop_scale"), py::arg("has_depth") = false,
           py::arg("mirror") = std::vector<int>())
      .def_readonly("num_landmarks", &LandmarkNetwork::num_landmarks)
      .def_readonly("crop_scale", &LandmarkNetwork::crop_scale)
      .def_readonly("has_depth", &LandmarkNetwork::has_depth);

  py::class_<CompanionRule>(module, "CompanionRule")
      .def(py::init([](float spread_from, float spread_to, float spread_factor) {
             return CompanionRule{spread_from, spread_to, spread_factor};
           }),
           py::kw_only(), py::arg("spread_from"), py::arg("spread_to"), py::arg("spread_factor"))
      .def_readonly("spread_from", &CompanionRule::spread_from)
      .def_readonly("spread_to", &CompanionRule::spread_to)
      .def_readonly("spread_factor", &CompanionRule::spread_factor);
}

void bind_eye_network(py::module_& module) {
  py::class_<EyeRule>(module, "EyeRule")
      .def(py::init([](float width_from, float width_to, float spread_factor) {
             return EyeRule{width_from, width_to, spread_factor};
           }),
           py::kw_only(), py::arg("width_from"), py::arg("width_to"), py::arg("spread_factor"))
      .def_readonly("width_from", &EyeRule::width_from)
      .def_readonly("width_to", &EyeRule::width_to)
      .def_readonly("spread_factor", &EyeRule::spread_factor);

  py::class_<EyeNetwork>(module, "EyeNetwork")
      .def(py::init([](const LandmarkNetwork& network, const EyeRule& rule, const Topology& face,
                       const Topology& eye) {
             EyeLandmarks of_face = eye_landmarks(face, eye);
             return EyeNetwork{network, rule, std::move(of_face.right), std::move(of_face.left),
                               of_face.corners};
           }),
           py::kw_only(), py::arg("network"), py::arg("rule"), py::arg("face"), py::arg("eye"))
      .def_readonly("rule", &EyeNetwork::rule)
      .def_readonly("right", &EyeNetwork::right)
      .def_readonly("left", &EyeNetwork::left);
}

void bind_finder_network(py::module_& module) {
  const RescoringRule& rule = kBundleRescoring;
  py::class_<RescoringRule>(module, "RescoringRule")
      .def(py::init([](float finder_weight, float presence_weight, float neutral_presence,
                       float offset, float candidate_odds, float large_presence_weight,
                       float large_offset, float company_weight, float loneliness) {
             return RescoringRule{finder_weight, presence_weight, neutral_presence,
                                  offset,        candidate_odds,  large_presence_weight,
                                  large_offset,  company_weight,  loneliness};
           }),
           py::kw_only(), py::arg("finder_weight") = rule.finder_weight,
           py::arg("presence_weight") = rule.presence_weight,
           py::arg("neutral_presence") = rule.neutral_presence, py::arg("offset") = rule.offset,
           py::arg("candidate_odds") = rule.candidate_odds,
           py::arg("large_presence_weight") = rule.large_presence_weight,
           py::arg("large_offset") = rule.large_offset,
           py::arg("company_weight") = rule.company_weight, py::arg("loneliness") = rule.loneliness)
      .def_readonly("finder_weight", &RescoringRule::finder_weight)
      .def_readonly("presence_weight", &RescoringRule::presence_weight)
      .def_readonly("neutral_presence", &RescoringRule::neutral_presence)
      .def_readonly("offset", &RescoringRule::offset)
      .def_readonly("candidate_odds", &RescoringRule::candidate_odds)
      .def_readonly("large_presence_weight", &RescoringRule::large_presence_weight)
      .def_readonly("large_offset", &RescoringRule::large_offset)
      .def_readonly("company_weight", &RescoringRule::company_weight)
      .def_readonly("loneliness", &RescoringRule::loneliness);

  py::class_<FinderNetwork>(module, "FinderNetwork")
      .def(py::init([](const py::bytes& model, const NetworkInput& input,
                       const std::vector<int>& strides, const RescoringRule& rescoring) {
             return FinderNetwork{to_model(model), input, strides, rescoring};
           }),
           py::kw_only(), py::arg("model"), py::arg("input"), py::arg("strides"),
           py::arg("rescoring") = RescoringRule())
      .def("for_common_images", &for_common_images)
      .def_readonly("strides", &FinderNetwork::strides)
      .def_readonly("rescoring", &FinderNetwork::rescoring);
}

}  // namespace

void bind_networks(py::module_& module) {
  bind_landmark_network(module);
  bind_eye_network(module);
  bind_finder_network(module);
  module.def(
      "check_onnx",
      [](const py::bytes& model) {
        const auto bytes = static_cast<std::string_view>(model);
        const ReleasedGil released;
        check_onnx(bytes);
      },
      py::arg("model"));
}

}  // namespace kilomark::bindings
