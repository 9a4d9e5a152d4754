#include "kilomark/crop.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

// Keeps every coordinate of a crop well inside what float and int can count.
constexpr double kMaxCoordinate = 1 << 24;

void check_square(Point center, double side, double angle_deg) {
  const auto placed = [](float value) { return std::abs(value) <= kMaxCoordinate; };  // not NaN
  if (!placed(center.x) || !placed(center.y) || !std::isfinite(side) || !std::isfinite(angle_deg)) {
    fail(ErrorCode::kInvalidInput,
         text("a crop of side ", side, " px around (", center.x, ", ", center.y, ") px at ",
              angle_deg, " degrees"),
         text("finite numbers, the center within ", kMaxCoordinate, " px"),
         "check the box that the crop was made from");
  }
}

}  // namespace

Crop::Crop(double scale, double a, double b, int input_width, int input_height)
    : scale_(scale), a_(a), b_(b), input_width_(input_width), input_height_(input_height) {
  if (!(scale >= kMinScale && scale <= kMaxScale)) {
    const int longer = std::max(input_width, input_height);
    fail(ErrorCode::kInvalidInput,
         text("a crop that is ", scale * longer, " px wide for an input of ", longer, " px"),
         text(kMinScale * longer, " to ", kMaxScale * longer, " px"),
         "check the box that the crop was made from");
  }
}

Crop Crop::around(Point center, double side, double angle_deg, int input_width, int input_height) {
  check_square(center, side, angle_deg);
  const double scale = side / std::max(input_width, input_height);
  // An upright crop has b == 0 exactly; the resampling is faster then.
  const double angle = angle_deg * std::numbers::pi / 180.0;
  Crop crop(scale, scale * std::cos(angle), scale * std::sin(angle), input_width, input_height);
  const double u = input_width / 2.0;
  const double v = input_height / 2.0;
  crop.x0_ = center.x - (crop.a_ * u - crop.b_ * v);
  crop.y0_ = center.y - (crop.b_ * u + crop.a_ * v);
  return crop;
}

Crop Crop::letterbox(int image_width, int image_height, int input_width, int input_height) {
  const double scale = std::max(static_cast<double>(image_width) / input_width,
                                static_cast<double>(image_height) / input_height);
  return Crop(scale, scale, 0.0, input_width, input_height);
}

Crop Crop::mirrored() const {
  Crop mirror = *this;
  mirror.is_mirrored_ = !is_mirrored_;
  return mirror;
}

Point Crop::to_image(Point input) const {
  const double u = is_mirrored_ ? static_cast<double>(input_width_) - input.x : input.x;
  return {static_cast<float>(a_ * u - b_ * input.y + x0_),
          static_cast<float>(b_ * u + a_ * input.y + y0_)};
}

Point Crop::to_input(Point image) const {
  const double x = image.x - x0_;
  const double y = image.y - y0_;
  const double determinant = a_ * a_ + b_ * b_;
  const double u = (a_ * x + b_ * y) / determinant;
  return {static_cast<float>(is_mirrored_ ? input_width_ - u : u),
          static_cast<float>((a_ * y - b_ * x) / determinant)};
}

}  // namespace kilomark
