#include <pybind11/stl.h>

#include "bindings.hpp"
#include "kilomark/cuda_probe.hpp"
#include "released_gil.hpp"

namespace py = pybind11;

namespace kilomark::bindings {

namespace {

CudaProbe probe(const std::vector<std::string>& library_folders) {
  const ReleasedGil release;
  return cuda_probe(library_folders);
}

}  // namespace

void bind_cuda(py::module_& module) {
  py::class_<CudaDevice>(module, "CudaDevice")
      .def_readonly("index", &CudaDevice::index)
      .def_readonly("reason", &CudaDevice::reason)
      .def_readonly("name", &CudaDevice::name)
      .def_property_readonly("compute_capability",
                             [](const CudaDevice& device) {
                               return std::pair(device.compute_major, device.compute_minor);
                             })
      .def_readonly("memory_bytes", &CudaDevice::memory_bytes);

  py::class_<CudaProbe>(module, "CudaProbe")
      .def_readonly("reason", &CudaProbe::reason)
      .def_readonly("plugin_path", &CudaProbe::plugin_path)
      .def_readonly("driver_version", &CudaProbe::driver_version)
      .def_readonly("runtime_version", &CudaProbe::runtime_version)
      .def_readonly("tensorrt_version", &CudaProbe::tensorrt_version)
      .def_readonly("tensorrt_path", &CudaProbe::tensorrt_path)
      .def_readonly("devices", &CudaProbe::devices);

  module.def("cuda_probe", &probe, py::arg("library_folders") = std::vector<std::string>());
}

}  // namespace kilomark::bindings
