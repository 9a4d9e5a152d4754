#include <pybind11/stl.h>

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "cut_text.hpp"
#include "kilomark/error.hpp"
#include "kilomark/limits.hpp"
#include "kilomark/painting.hpp"
#include "released_gil.hpp"

namespace kilomark::bindings {

namespace {

using StrokeValues = std::tuple<py::array, std::string, float, std::array<std::uint8_t, 4>, float>;

PixelBuffer to_buffer(py::array& image) {
  const bool fits = holds<std::uint8_t>(image) && image.ndim() == 3 && image.shape(2) >= 1 &&
                    image.shape(2) <= 4 && image.strides(2) == 1 &&
                    image.strides(1) == image.shape(2) && image.writeable() &&
                    image.shape(0) <= kMaxImageSide && image.shape(1) <= kMaxImageSide;
  if (!fits) {
    fail(ErrorCode::kInvalidInput, describe(image),
         "a writable uint8 array (H, W, C) of 1 to 4 channels, whose pixels lie side by side",
         "pass a copy: np.ascontiguousarray(image)");
  }
  return {static_cast<std::uint8_t*>(image.mutable_data()), static_cast<int>(image.shape(1)),
          static_cast<int>(image.shape(0)), static_cast<int>(image.shape(2)), image.strides(0)};
}

StrokeKind to_kind(const std::string& kind) {
  if (kind == "curve") {
    return StrokeKind::kCurve;
  }
  if (kind == "ring") {
    return StrokeKind::kRing;
  }
  if (kind == "dots") {
    return StrokeKind::kDots;
  }
  if (kind == "fill") {
    return StrokeKind::kFill;
  }
  fail(ErrorCode::kInvalidInput, "a stroke of kind " + quote(kind), "curve, ring, dots or fill",
       "choose one of these");
}

Stroke to_stroke(const StrokeValues& values) {
  const auto& [array, kind, width_px, color, opacity] = values;
  const std::span<const float> numbers = to_floats(array, "points", 2);
  if (array.shape(1) != 2 || !(width_px > 0.0F && std::isfinite(width_px)) ||
      !(opacity >= 0.0F && opacity <= 1.0F)) {
    fail(ErrorCode::kInvalidInput,
         "points of " + describe(array) + ", width " + std::to_string(width_px) + ", opacity " +
             std::to_string(opacity),
         "points (N, 2), a width above 0 and an opacity from 0 to 1", "change the stroke");
  }
  const auto* points = reinterpret_cast<const Point*>(numbers.data());
  return {{points, numbers.size() / 2}, to_kind(kind), width_px, color, opacity};
}

void paint_all(py::array image, const std::vector<StrokeValues>& strokes) {
  const PixelBuffer buffer = to_buffer(image);
  std::vector<Stroke> all;
  for (const StrokeValues& values : strokes) {
    all.push_back(to_stroke(values));
  }
  const ReleasedGil release;
  for (const Stroke& stroke : all) {
    paint(buffer, stroke);
  }
}

}  // namespace

void bind_painting(py::module_& module) {
  module.def("paint", &paint_all, py::arg("image"), py::arg("strokes"));
}

}  // namespace kilomark::bindings
