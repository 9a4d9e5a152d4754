#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kilomark/network.hpp"

namespace kilomark::bindings {

namespace py = pybind11;

// For messages: "an array of uint8, shape (480, 640, 3), strides (1920, 3, 1)".
[[nodiscard]] std::string describe(const py::handle& object);

// Whether an array holds elements of this type. An array that was unpickled has a dtype object of its
// own, equal to numpy's.
template <class Element>
[[nodiscard]] bool holds(const py::array& array) {
  const py::dtype wanted = py::dtype::of<Element>();
  return array.dtype().is(wanted) || array.dtype().equal(wanted);
}

// Borrows a float32, C-contiguous array of `rank` dimensions. `name` is used in messages.
[[nodiscard]] std::span<const float> to_floats(const py::handle& array, const char* name,
                                               py::ssize_t rank);

[[nodiscard]] ChannelOrder to_channel_order(const std::string& order);

// Moves the vector into an array that owns it.
template <class Element>
[[nodiscard]] py::array_t<float> to_array(std::vector<Element>&& values,
                                          std::vector<py::ssize_t> shape) {
  static_assert(sizeof(Element) % sizeof(float) == 0);
  auto owned = std::make_unique<std::vector<Element>>(std::move(values));
  const auto* data = reinterpret_cast<const float*>(owned->data());
  const py::capsule owner(owned.get(),
                          [](void* vector) { delete static_cast<std::vector<Element>*>(vector); });
  owned.release();
  return py::array_t<float>(std::move(shape), data, owner);
}

}  // namespace kilomark::bindings
