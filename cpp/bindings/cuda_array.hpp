#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <vector>

namespace kilomark::bindings {

namespace py = pybind11;

// An array in memory of a GPU, borrowed through DLPack or __cuda_array_interface__: nothing is
// copied. It holds its owner, so that the memory lives as long as this.
struct CudaArray {
  // `input_stream` is the detector's, for producers that speak DLPack; 0: the default stream.
  // Throws Error{kInvalidInput} unless `object` is a uint8 array on a GPU.
  CudaArray(const py::object& object, std::uint64_t input_stream);

  std::uint64_t address = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // bytes
  std::uint64_t stream = 0;           // on which it is written; 0: it is written
  py::object owner;
};

// For messages: "an array on a GPU of shape (480, 640, 3), strides (1920, 3, 1)".
[[nodiscard]] std::string describe(const CudaArray& array);

}  // namespace kilomark::bindings
