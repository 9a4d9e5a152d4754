#include "resample_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace kilomark {

namespace {

// One direction of the map: low corner of an output pixel's square, in cells, is origin + du * u +
// dv * v.
struct Axis {
  double origin;
  double du;
  double dv;
};

struct CellRange {
  int first;
  int count;
};

// The cells that the output's pixels touch. One cell more on each side absorbs the rounding of
// float coordinates.
CellRange make_range(const Axis& axis, int width, int height) {
  const double along_u = axis.du * (width - 1);
  const double along_v = axis.dv * (height - 1);
  const double low = axis.origin + std::min(along_u, 0.0) + std::min(along_v, 0.0);
  const double high = axis.origin + std::max(along_u, 0.0) + std::max(along_v, 0.0);
  const int first = static_cast<int>(std::floor(low)) - 1;
  return {first, static_cast<int>(std::floor(high)) + kMaxTaps + 1 - first};
}

void set_normalisation(ResamplePlan& plan, PixelFormat format, const NetworkInput& input) {
  const bool image_is_rgb = format == PixelFormat::kRgb || format == PixelFormat::kRgba;
  const bool reversed = image_is_rgb != (input.order == ChannelOrder::kRgb);
  const double area = static_cast<double>(plan.span) * plan.span;
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
  plan.block_weight = static_cast<float>(1.0 / (n * n));
  const double span = std::max(1.0, crop.scale() / n);
  plan.span = static_cast<float>(span);

  // The centre of output pixel (u, v) is (u + 0.5, v + 0.5).
  const double a = crop.a() / n;
  const double b = crop.b() / n;
  const Axis x{crop.x0() / n + 0.5 * (a - b) - 0.5 * span, a, -b};
  const Axis y{crop.y0() / n + 0.5 * (b + a) - 0.5 * span, b, a};
  const CellRange columns = make_range(x, plan.width, plan.height);
  const CellRange rows = make_range(y, plan.width, plan.height);
  plan.first_column = columns.first;
  plan.num_columns = columns.count;
  plan.first_row = rows.first;
  plan.num_rows = rows.count;
  plan.x0 = static_cast<float>(x.origin - columns.first);
  plan.dx_du = static_cast<float>(x.du);
  plan.dx_dv = static_cast<float>(x.dv);
  plan.y0 = static_cast<float>(y.origin - rows.first);
  plan.dy_du = static_cast<float>(y.du);
  plan.dy_dv = static_cast<float>(y.dv);
  set_normalisation(plan, format, input);
  return plan;
}

}  // namespace kilomark
