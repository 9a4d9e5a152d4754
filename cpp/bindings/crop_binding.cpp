#include <pybind11/stl.h>

#include <array>
#include <span>
#include <utility>

#include "arrays.hpp"
#include "bindings.hpp"
#include "image_views.hpp"
#include "kilomark/crop_image.hpp"
#include "kilomark/error.hpp"
#include "released_gil.hpp"

namespace kilomark::bindings {

namespace {

py::array_t<float> crop(const py::array& image, const std::string& format,
                        std::pair<float, float> center, double side, double angle_deg,
                        std::pair<int, int> size, const std::string& channel_order,
                        const std::array<float, 3>& mean, const std::array<float, 3>& std) {
  const ImageView view = to_image_view(image, format, 0);
  const NetworkInput input{size.first, size.second, to_channel_order(channel_order), mean, std};
  check_input(input);
  py::array_t<float> output({3, size.second, size.first});
  const std::span<float> pixels(output.mutable_data(), static_cast<std::size_t>(output.size()));
  {
    const ReleasedGil release;
    crop_image(view, {center.first, center.second}, side, angle_deg, input, pixels);
  }
  return output;
}

}  // namespace

void bind_crop(py::module_& module) {
  module.def("crop", &crop, py::arg("image"), py::arg("format"), py::kw_only(), py::arg("center"),
             py::arg("side"), py::arg("angle_deg") = 0.0, py::arg("size"),
             py::arg("channel_order") = "rgb", py::arg("mean"), py::arg("std"));
}

}  // namespace kilomark::bindings
