#include <pybind11/stl.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "bindings.hpp"
#include "kilomark/bundle.hpp"
#include "released_gil.hpp"

namespace py = pybind11;

namespace kilomark::bindings {

namespace {

py::bytes to_bytes(const Model& model) { return model ? py::bytes(*model) : py::bytes(); }

const char* to_name(ChannelOrder order) { return order == ChannelOrder::kRgb ? "rgb" : "bgr"; }

// The double of the decimal digits that a manifest wrote: 123.675, not 123.67500305.
double to_double(float value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  double number = 0.0;
  std::from_chars(digits.data(), end, number);
  return number;
}

std::array<double, 3> to_doubles(const std::array<float, 3>& values) {
  return {to_double(values[0]), to_double(values[1]), to_double(values[2])};
}

std::filesystem::path to_path(const py::bytes& path) {
  return std::filesystem::path(static_cast<std::string_view>(path));
}

Bundle read(const py::bytes& folder) {
  const std::filesystem::path path = to_path(folder);
  const ReleasedGil released;
  return read_bundle(path);
}

Bundle parse(const py::bytes& text, const py::bytes& folder) {
  return parse_manifest(static_cast<std::string_view>(text), to_path(folder));
}

// What a Python program reads of both kinds of bundles.
template <class Kind>
void bind_header(py::class_<Kind>& kind) {
  kind.def_property_readonly("name", [](const Kind& bundle) { return bundle.header.name; })
      .def_property_readonly("accuracy", [](const Kind& bundle) { return bundle.header.accuracy; })
      .def_property_readonly("model",
                             [](const Kind& bundle) { return to_bytes(bundle.network.model); })
      .def_property_readonly("width", [](const Kind& bundle) { return bundle.network.input.width; })
      .def_property_readonly("height",
                             [](const Kind& bundle) { return bundle.network.input.height; })
      .def_property_readonly("channel_order",
                             [](const Kind& bundle) { return to_name(bundle.network.input.order); })
      .def_property_readonly(
          "mean", [](const Kind& bundle) { return to_doubles(bundle.network.input.mean); })
      .def_property_readonly(
          "std", [](const Kind& bundle) { return to_doubles(bundle.network.input.std); });
}

void bind_topology(py::module_& module) {
  py::class_<LandmarkGroup>(module, "LandmarkGroup")
      .def(py::init<std::string, int, int, std::optional<bool>>(), py::arg("name"),
           py::arg("start"), py::arg("count"), py::arg("closed"))
      .def_readonly("name", &LandmarkGroup::name)
      .def_readonly("start", &LandmarkGroup::start)
      .def_readonly("count", &LandmarkGroup::count)
      .def_readonly("closed", &LandmarkGroup::closed);

  py::class_<Topology>(module, "Topology")
      .def(py::init(
               [](int num_landmarks, std::vector<LandmarkGroup> groups, std::vector<int> mirror) {
                 return Topology{num_landmarks, std::move(groups), std::move(mirror), {}, {}};
               }),
           py::arg("num_landmarks"), py::arg("groups"), py::arg("mirror"))
      .def_readonly("num_landmarks", &Topology::num_landmarks)
      .def_readonly("groups", &Topology::groups)
      .def_readonly("mirror", &Topology::mirror)
      .def_readonly("subset_68", &Topology::subset_68)
      .def_readonly("mean_shape", &Topology::mean_shape);

  module.def("same_landmarks", &same_landmarks, py::arg("one"), py::arg("other"));
}

}  // namespace

void bind_bundles(py::module_& module) {
  bind_topology(module);

  py::class_<LandmarkBundle> landmarks(module, "LandmarkBundle");
  bind_header(landmarks);
  landmarks
      .def_property_readonly(
          "crop_scale", [](const LandmarkBundle& b) { return to_double(b.network.crop_scale); })
      .def_property_readonly("has_depth",
                             [](const LandmarkBundle& b) { return b.network.has_depth; })
      .def_readonly("knows_faces", &LandmarkBundle::knows_faces)
      .def_readonly("blends_with", &LandmarkBundle::blends_with)
      .def_readonly("finder", &LandmarkBundle::finder)
      .def_readonly("rescorer", &LandmarkBundle::rescorer)
      .def_property_readonly("companion",
                             [](const LandmarkBundle& b) {
                               return b.companion ? std::optional(b.companion->name) : std::nullopt;
                             })
      .def_property_readonly("companion_rule",
                             [](const LandmarkBundle& b) {
                               return b.companion ? std::optional(b.companion->rule) : std::nullopt;
                             })
      .def_readonly("of_eye", &LandmarkBundle::of_eye)
      .def_property_readonly("eyes",
                             [](const LandmarkBundle& b) {
                               return b.eyes ? std::optional(b.eyes->name) : std::nullopt;
                             })
      .def_property_readonly("eye_rule",
                             [](const LandmarkBundle& b) {
                               return b.eyes ? std::optional(b.eyes->rule) : std::nullopt;
                             })
      .def_readonly("topology", &LandmarkBundle::topology);

  py::class_<FinderBundle> finder(module, "FinderBundle");
  bind_header(finder);
  finder.def_property_readonly("strides", [](const FinderBundle& b) { return b.network.strides; })
      .def_readonly("rescoring", &FinderBundle::rescoring);

  module.def("read_bundle", &read, py::arg("folder"));
  module.def("parse_manifest", &parse, py::arg("text"), py::arg("folder"));
  module.attr("BUNDLE_PRESENCE_THRESHOLD") = kBundlePresenceThreshold;
  module.attr("DEFAULT_FINDER") = kDefaultFinder;
  module.attr("DEFAULT_RESCORER") = kDefaultRescorer;
}

}  // namespace kilomark::bindings
