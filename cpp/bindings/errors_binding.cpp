#include <string_view>

#include "bindings.hpp"
#include "kilomark/error.hpp"

namespace py = pybind11;

namespace kilomark::bindings {

namespace {

const char* class_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
      return "InvalidInputError";
    case ErrorCode::kBundle:
      return "BundleError";
    case ErrorCode::kDevice:
      return "DeviceUnavailableError";
    case ErrorCode::kInference:
      return "InferenceError";
    case ErrorCode::kDependency:
      return "DependencyError";
  }
  return "KilomarkError";
}

// A message may quote bytes of a damaged file, which need not be UTF-8.
py::str to_message(std::string_view text) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), "replace"));
}

void translate(std::exception_ptr pointer) {
  try {
    std::rethrow_exception(pointer);
  } catch (const Error& error) {
    // The classes are Python's own, in a module without imports, so that Python code can raise them
    // too.
    const py::object type = py::module_::import("kilomark.errors").attr(class_name(error.code()));
    py::set_error(type, to_message(error.what()));
  }
}

}  // namespace

void bind_errors(py::module_& /*module*/) { py::register_local_exception_translator(&translate); }

}  // namespace kilomark::bindings
