#include "bindings.hpp"
#include "kilomark/openvino.hpp"
#include "released_gil.hpp"

namespace py = pybind11;

namespace kilomark::bindings {

namespace {

OpenvinoProbe probe() {
  const ReleasedGil release;
  return probe_openvino();
}

}  // namespace

void bind_openvino(py::module_& module) {
  py::class_<OpenvinoProbe>(module, "OpenvinoProbe")
      .def_readonly("version", &OpenvinoProbe::version)
      .def_readonly("path", &OpenvinoProbe::path)
      .def_readonly("reason", &OpenvinoProbe::reason);
  module.def("probe_openvino", &probe);
  module.def("use_openvino_folder", &use_openvino_folder, py::arg("folder"));
  module.attr("OPENVINO_RANGE") = kOpenvinoRange;
}

}  // namespace kilomark::bindings
