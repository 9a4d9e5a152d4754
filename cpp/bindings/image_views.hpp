#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <string>

#include "kilomark/image.hpp"

namespace kilomark::bindings {

namespace py = pybind11;

// Borrows the pixels of a uint8 array (H, W) or (H, W, C), of numpy or a CudaArray. Of NV12: one
// array (3 H / 2, W), the chroma under the luma, or a tuple of luma (H, W) and chroma (H / 2, W).
// Refuses every other type, shape and layout: nothing is copied or cast here. `index` names the
// image in the message.
[[nodiscard]] ImageView to_image_view(const py::handle& image, const std::string& format,
                                      std::size_t index);

}  // namespace kilomark::bindings
