#include "arrays.hpp"

#include <sstream>

#include "cut_text.hpp"
#include "kilomark/error.hpp"

namespace kilomark::bindings {

std::string describe(const py::handle& object) {
  if (!py::isinstance<py::array>(object)) {
    return "an object of type " + cut(std::string(py::str(py::type::of(object).attr("__name__"))));
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  std::ostringstream stream;
  stream << "an array of " << cut(std::string(py::str(array.dtype()))) << ", shape "
         << std::string(py::str(array.attr("shape"))) << ", strides "
         << std::string(py::str(array.attr("strides")));
  return stream.str();
}

std::span<const float> to_floats(const py::handle& object, const char* name, py::ssize_t rank) {
  const bool usable = py::isinstance<py::array>(object) && [&] {
    const auto array = py::reinterpret_borrow<py::array>(object);
    return holds<float>(array) && array.ndim() == rank && (array.flags() & py::array::c_style) != 0;
  }();
  if (!usable) {
    fail(ErrorCode::kInvalidInput, std::string(name) + " as " + describe(object),
         "a C-contiguous float32 array of " + std::to_string(rank) + " dimensions",
         "pass numpy.ascontiguousarray(values, numpy.float32)");
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  return {static_cast<const float*>(array.data()), static_cast<std::size_t>(array.size())};
}

ChannelOrder to_channel_order(const std::string& order) {
  if (order == "rgb") {
    return ChannelOrder::kRgb;
  }
  if (order == "bgr") {
    return ChannelOrder::kBgr;
  }
  fail(ErrorCode::kInvalidInput, "channel order " + quote(order), "rgb or bgr",
       "name the channel order of the network's input");
}

}  // namespace kilomark::bindings
