#include <pybind11/stl.h>

#include "bindings.hpp"
#include "kilomark/build_info.hpp"

// pybind11 makes PyInit__core_of_main of this. Its first act takes the lock of the main interpreter,
// which never ends in a subinterpreter, so PyInit__core looks for one before.
PYBIND11_MODULE(_core_of_main, module) {
  using namespace kilomark::bindings;
  bind_errors(module);
  bind_limits(module);
  bind_networks(module);
  bind_openvino(module);
  bind_bundles(module);
  bind_regions(module);
  bind_detections(module);
  bind_detector(module);
  bind_tracker(module);
  bind_crop(module);
  bind_painting(module);
  bind_cuda(module);
  bind_cuda_array(module);
  bind_running_calls(module);
  bind_log(module);
  module.def("build_info", &kilomark::build_info);
}

extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError,
                    "kilomark works in the main interpreter only; found a subinterpreter, which "
                    "shares its threads and memory: use a process instead");
    return nullptr;
  }
  return PyInit__core_of_main();
}
