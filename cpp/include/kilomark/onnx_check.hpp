#pragma once

#include <cstddef>
#include <string_view>

#include "kilomark/api.hpp"

namespace kilomark {

// What an ONNX file of a bundle may hold. Every exported network stays far below.
inline constexpr std::size_t kMaxOnnxBytes = std::size_t{512} << 20;
inline constexpr std::size_t kMaxOnnxNodes = 4096;
inline constexpr std::size_t kMaxOnnxTensors = 8192;      // initializers
inline constexpr std::size_t kMaxOnnxPortsPerNode = 256;  // inputs, and outputs
inline constexpr std::size_t kMaxOnnxAttributesPerNode = 32;
inline constexpr std::size_t kMaxOnnxListLength = 1024;  // numbers in one attribute
inline constexpr std::size_t kMaxOnnxNameBytes = 1024;
inline constexpr std::size_t kMaxOnnxRank = 8;
inline constexpr std::size_t kMaxOnnxTensorElements = std::size_t{1} << 28;

// Throws Error{kBundle} unless `model` is an ONNX file that an inference library may be given.
//
//   | what                                         | checked                                      |
//   |----------------------------------------------|----------------------------------------------|
//   | protobuf fields                              | known, inside their message, not twice       |
//   | external data, sparse tensors, text tensors  | refused: nothing outside the file is read    |
//   | functions, subgraphs, training information   | refused                                      |
//   | operators                                    | on the list of src/onnx/operators.cpp        |
//   | counts, names, ranks, dimensions, products   | below the limits above, in 64 bits           |
//   | data of a tensor                             | as many bytes as its type and shape need     |
//   | kernels, strides, dilations, groups, padding | 1 to 4096 (padding from 0)                   |
//   | kernels                                      | at most 65536 numbers, such as 256 x 256     |
//   | division of whole numbers                    | by positive constants only                   |
//   | edges                                        | each value defined once, before it is used   |
//
// The environment variable KILOMARK_EXTRA_OPERATORS ("Gelu,Celu") adds operators to the list.
// Nothing is copied; the time is linear in the size of the file.
KILOMARK_API void check_onnx(std::string_view model);

}  // namespace kilomark
