#include <pybind11/stl.h>

#include "bindings.hpp"
#include "kilomark/build_info.hpp"

PYBIND11_MODULE(_core, module) {
  using namespace kilomark::bindings;
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    throw pybind11::import_error(
        "kilomark works in the main interpreter only; found a subinterpreter, which shares its "
        "threads and memory: use a process instead");
  }
  bind_errors(module);
  bind_limits(module);
  bind_networks(module);
  bind_openvino(module);
  bind_regions(module);
  bind_detections(module);
  bind_detector(module);
  bind_tracker(module);
  bind_crop(module);
  bind_cuda(module);
  bind_cuda_array(module);
  bind_running_calls(module);
  bind_log(module);
  module.def("build_info", &kilomark::build_info);
}
