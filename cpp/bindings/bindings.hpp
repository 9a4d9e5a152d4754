#pragma once

#include <pybind11/pybind11.h>

// One function per concern, each in its own file; module.cpp calls them all.
namespace kilomark::bindings {

void bind_errors(pybind11::module_& module);
void bind_networks(pybind11::module_& module);
void bind_openvino(pybind11::module_& module);
void bind_limits(pybind11::module_& module);
void bind_bundles(pybind11::module_& module);
void bind_regions(pybind11::module_& module);
void bind_detections(pybind11::module_& module);
void bind_detector(pybind11::module_& module);
void bind_crop(pybind11::module_& module);
void bind_painting(pybind11::module_& module);
void bind_cuda(pybind11::module_& module);
void bind_cuda_array(pybind11::module_& module);
void bind_tracker(pybind11::module_& module);
void bind_running_calls(pybind11::module_& module);
void bind_log(pybind11::module_& module);

}  // namespace kilomark::bindings
