#include <pybind11/stl.h>

#include "bindings.hpp"
#include "kilomark/build_info.hpp"

PYBIND11_MODULE(_core, module) {
  using namespace kilomark::bindings;
  bind_errors(module);
  bind_limits(module);
  bind_networks(module);
  bind_regions(module);
  bind_detections(module);
  bind_detector(module);
  bind_tracker(module);
  bind_crop(module);
  bind_cuda(module);
  bind_cuda_array(module);
  bind_log(module);
  module.def("build_info", &kilomark::build_info);
}
