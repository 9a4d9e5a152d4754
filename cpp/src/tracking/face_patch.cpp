#include "face_patch.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "face_regions.hpp"

namespace kilomark::tracking {

namespace {

constexpr double kShareOfSide = 0.42;  // half the patch's side, of the region's longer side
constexpr int kSteps = 5;
constexpr float kSmallStep = 2e-3F;      // of the half side; what remains after it is far less
constexpr float kLikeness = 0.9F;        // correlation of a good match
constexpr float kLeastLikeness = 0.75F;  // of one that is used after a search from afar
constexpr double kLargestShift = 0.8;    // from the guess, in half sides
constexpr double kLargestScaling = 0.3;

using Matrix4 = std::array<std::array<double, 4>, 4>;

// Reads brightness between the pixels' centers; of colors, green stands for it.
class GraySampler {
 public:
  explicit GraySampler(const ImageView& image)
      : pixels_(image.pixels + (channel_count(image.format) >= 3 ? 1 : 0)),
        step_(channel_count(image.format)),
        stride_(image.row_stride_bytes),
        last_x_(static_cast<float>(image.width - 1)),
        last_y_(static_cast<float>(image.height - 1)) {}

  // Whether all four pixels around a point lie in the image.
  [[nodiscard]] bool has(float x, float y) const {
    return x >= 0.5F && y >= 0.5F && x < last_x_ + 0.5F && y < last_y_ + 0.5F;
  }

  // Of a point for which has() is true.
  [[nodiscard]] float inside(float x, float y) const {
    const float fx = x - 0.5F;
    const float fy = y - 0.5F;
    const auto ix = static_cast<int>(fx);
    const auto iy = static_cast<int>(fy);
    const float ax = fx - static_cast<float>(ix);
    const float ay = fy - static_cast<float>(iy);
    const std::uint8_t* const p = pixels_ + iy * stride_ + ix * step_;
    const std::uint8_t* const q = p + stride_;
    const float top = static_cast<float>(p[0]) + ax * static_cast<float>(p[step_] - p[0]);
    const float bottom = static_cast<float>(q[0]) + ax * static_cast<float>(q[step_] - q[0]);
    return top + ay * (bottom - top);
  }

  // Of any point: beyond the edge as at the edge. 0 in images of a single row or column.
  [[nodiscard]] float anywhere(float x, float y) const {
    const float cx = std::clamp(x, 0.5F, last_x_ + 0.49F);
    const float cy = std::clamp(y, 0.5F, last_y_ + 0.49F);
    return last_x_ >= 1.0F && last_y_ >= 1.0F ? inside(cx, cy) : 0.0F;
  }

 private:
  const std::uint8_t* pixels_;
  std::ptrdiff_t step_;
  std::ptrdiff_t stride_;
  float last_x_;
  float last_y_;
};

double coordinate(int index, int side) { return (2.0 * index + 1.0) / side - 1.0; }

// The gray picture of a grid of side x side points over the square -1 to 1, each the mean of
// taps x taps samples; normalized. Empty if it has no contrast.
std::vector<float> sample(const ImageView& image, const Similarity& to_image, int side, int taps) {
  const GraySampler sampler(image);
  const bool is_inside = std::ranges::all_of(
      std::array<Point, 4>{{{-1.0F, -1.0F}, {1.0F, -1.0F}, {-1.0F, 1.0F}, {1.0F, 1.0F}}},
      [&](Point corner) {
        const Point p = to_image.apply(corner);
        return sampler.has(p.x, p.y);
      });
  const int fine = side * taps;
  std::vector<float> gray(static_cast<std::size_t>(side * side), 0.0F);
  const auto dx = static_cast<float>(2.0 / fine * to_image.a);
  const auto dy = static_cast<float>(2.0 / fine * to_image.b);
  for (int row = 0; row < fine; ++row) {
    const auto start = static_cast<float>(coordinate(0, fine));
    Point p = to_image.apply({start, static_cast<float>(coordinate(row, fine))});
    float* const line = &gray[static_cast<std::size_t>(row / taps * side)];
    for (int column = 0; column < side; ++column) {
      for (int tap = 0; tap < taps; ++tap) {
        line[column] += is_inside ? sampler.inside(p.x, p.y) : sampler.anywhere(p.x, p.y);
        p.x += dx;
        p.y += dy;
      }
    }
  }
  double sum = 0.0;
  double squares = 0.0;
  for (const float value : gray) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto count = static_cast<double>(gray.size());
  const double deviation = std::sqrt(std::max(squares / count - sum / count * (sum / count), 0.0));
  if (deviation < 2.0 * taps * taps) {
    return {};
  }
  for (float& value : gray) {
    value = static_cast<float>((static_cast<double>(value) - sum / count) / deviation);
  }
  return gray;
}

bool invert(Matrix4& matrix) {
  Matrix4 inverse{};
  for (std::size_t i = 0; i < 4; ++i) {
    inverse[i][i] = 1.0;
  }
  for (std::size_t i = 0; i < 4; ++i) {  // positive definite: no pivots needed
    const double pivot = matrix[i][i];
    if (!(std::abs(pivot) > 1e-9)) {
      return false;
    }
    for (std::size_t j = 0; j < 4; ++j) {
      matrix[i][j] /= pivot;
      inverse[i][j] /= pivot;
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const double factor = matrix[k][i];
      for (std::size_t j = 0; k != i && j < 4; ++j) {
        matrix[k][j] -= factor * matrix[i][j];
        inverse[k][j] -= factor * inverse[i][j];
      }
    }
  }
  matrix = inverse;
  return true;
}

// For each point, how much one unit of error there changes the four parameters: a - 1, b, tx, ty.
std::vector<std::array<float, 4>> descent_of(const std::vector<float>& gray, int side) {
  const auto at = [&](int x, int y) {
    return gray[static_cast<std::size_t>(std::clamp(y, 0, side - 1) * side +
                                         std::clamp(x, 0, side - 1))];
  };
  std::vector<std::array<float, 4>> slopes(gray.size());
  Matrix4 hessian{};
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const auto u = static_cast<float>(coordinate(x, side));
      const auto v = static_cast<float>(coordinate(y, side));
      const float per_unit = 0.25F * static_cast<float>(side);  // grid steps to patch units, halved
      const bool is_inside = u * u + v * v <= 1.0F;             // the corners show no face
      const float gx = is_inside ? per_unit * (at(x + 1, y) - at(x - 1, y)) : 0.0F;
      const float gy = is_inside ? per_unit * (at(x, y + 1) - at(x, y - 1)) : 0.0F;
      auto& slope = slopes[static_cast<std::size_t>(y * side + x)];
      slope = {gx * u + gy * v, gy * u - gx * v, gx, gy};
      for (std::size_t i = 0; i < 4; ++i) {
        for (std::size_t j = 0; j < 4; ++j) {
          hessian[i][j] += static_cast<double>(slope[i]) * static_cast<double>(slope[j]);
        }
      }
    }
  }
  if (!invert(hessian)) {
    return {};
  }
  for (auto& slope : slopes) {
    std::array<float, 4> descent{};
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        descent[i] += static_cast<float>(hessian[i][j]) * slope[j];
      }
    }
    slope = descent;
  }
  return slopes;
}

float likeness(const std::vector<float>& a, const std::vector<float>& b) {
  float sum = 0.0F;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum / static_cast<float>(a.size());
}

}  // namespace

FacePatch::FacePatch(const ImageView& image, const FaceRegion& region) {
  const Point center = center_of(region.box);
  to_image_ = Similarity::of(static_cast<double>(center.x), static_cast<double>(center.y),
                             std::log(kShareOfSide * static_cast<double>(longer_side(region.box))),
                             static_cast<double>(region.angle_deg) * std::numbers::pi / 180.0);
  for (const auto& [side, taps] : {std::pair{12, 3}, std::pair{24, 2}}) {
    Level level{side, taps, sample(image, to_image_, side, taps), {}};
    if (!level.gray.empty()) {
      level.descent = descent_of(level.gray, side);
    }
    if (level.descent.empty()) {
      levels_.clear();
      return;
    }
    levels_.push_back(std::move(level));
  }
}

std::optional<Similarity> FacePatch::motion_to(const ImageView& image,
                                               const Similarity& guess) const {
  if (levels_.empty()) {
    return std::nullopt;
  }
  Similarity in_patch;
  float found = refine(image, levels_.back(), guess, in_patch);
  if (found < kLikeness) {
    in_patch = {};
    found = -1.0F;
    if (refine(image, levels_.front(), guess, in_patch) >= 0.0F) {
      found = refine(image, levels_.back(), guess, in_patch);
    }
  }
  if (found < kLeastLikeness) {
    return std::nullopt;
  }
  return guess * to_image_ * in_patch * to_image_.inverse();
}

// Improves `in_patch`, the motion in patch coordinates that comes before `guess`. The likeness
// before the last step, or -1 if the steps ran away.
float FacePatch::refine(const ImageView& image, const Level& level, const Similarity& guess,
                        Similarity& in_patch) const {
  float found = -1.0F;
  for (int step = 0; step < kSteps; ++step) {
    const std::vector<float> gray =
        sample(image, guess * to_image_ * in_patch, level.side, level.taps);
    if (gray.empty()) {
      return -1.0F;
    }
    found = likeness(gray, level.gray);
    std::array<float, 4> change{};
    for (std::size_t k = 0; k < gray.size(); ++k) {
      const float error = gray[k] - level.gray[k];
      for (std::size_t i = 0; i < 4; ++i) {
        change[i] += error * level.descent[k][i];
      }
    }
    const Similarity delta{1.0 + static_cast<double>(change[0]), static_cast<double>(change[1]),
                           static_cast<double>(change[2]), static_cast<double>(change[3])};
    in_patch = in_patch * delta.inverse();
    if (std::hypot(in_patch.tx, in_patch.ty) > kLargestShift ||
        std::hypot(in_patch.a - 1.0, in_patch.b) > kLargestScaling) {
      return -1.0F;
    }
    if (std::ranges::all_of(change, [](float value) { return std::abs(value) < kSmallStep; })) {
      break;
    }
  }
  return found;
}

}  // namespace kilomark::tracking
