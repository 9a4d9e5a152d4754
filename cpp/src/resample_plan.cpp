#include "resample_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace kilomark {

namespace {

// Where the squares begin in one direction, in cells of the image.
struct ImageAxis {
  double origin;
  double du;
  double dv;
};

// The same squares, in the order of a mirrored crop: pixel u shows what pixel width - 1 - u did.
ImageAxis mirrored(const ImageAxis& axis, int width) {
  return {axis.origin + axis.du * (width - 1), -axis.du, axis.dv};
}

// The column (or row) from which a plan counts. One more than needed absorbs the rounding of float
// coordinates.
int find_first(const ImageAxis& axis, int width, int height) {
  const double lowest =
      axis.origin + std::min(axis.du * (width - 1), 0.0) + std::min(axis.dv * (height - 1), 0.0);
  return static_cast<int>(std::floor(lowest)) - 1;
}

Axis to_axis(const ImageAxis& axis, int first) {
  return {static_cast<float>(axis.origin - first), static_cast<float>(axis.du),
          static_cast<float>(axis.dv)};
}

void set_normalization(ResamplePlan& plan, PixelFormat format, const NetworkInput& input) {
  const bool image_is_rgb = format == PixelFormat::kRgb || format == PixelFormat::kRgba;
  const bool reversed = image_is_rgb != (input.order == ChannelOrder::kRgb);
  const double side =
      static_cast<double>(plan.span) * plan.block;  // of the square, in image pixels
  const double area = side * side;
  for (std::size_t c = 0; c < 3; ++c) {
    const std::size_t plane = reversed ? 2 - c : c;  // of a gray image all channels are equal
    const double std = input.std[plane];
    plan.plane[c] = static_cast<int>(plane);
    plan.scale[c] = static_cast<float>(1.0 / (area * std));
    plan.offset[c] = static_cast<float>(-input.mean[plane] / (area * std));
  }
}

}  // namespace

ResamplePlan make_resample_plan(const Crop& crop, PixelFormat format, const NetworkInput& input) {
  ResamplePlan plan;
  plan.width = crop.input_width();
  plan.height = crop.input_height();
  plan.block = std::max(1, static_cast<int>(std::ceil(crop.scale() / 2.0)));
  const double n = plan.block;
  const double span = std::max(1.0, crop.scale() / n);
  plan.span = static_cast<float>(span);

  // The center of output pixel (u, v) is (u + 0.5, v + 0.5).
  const double a = crop.a() / n;
  const double b = crop.b() / n;
  ImageAxis x{crop.x0() / n + 0.5 * (a - b) - 0.5 * span, a, -b};
  ImageAxis y{crop.y0() / n + 0.5 * (b + a) - 0.5 * span, b, a};
  if (crop.is_mirrored()) {
    x = mirrored(x, plan.width);
    y = mirrored(y, plan.width);
  }
  plan.first_column = find_first(x, plan.width, plan.height);
  plan.first_row = find_first(y, plan.width, plan.height);
  plan.x = to_axis(x, plan.first_column);
  plan.y = to_axis(y, plan.first_row);
  set_normalization(plan, format, input);
  return plan;
}

}  // namespace kilomark
