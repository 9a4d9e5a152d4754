#include "scene_cuts.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace kilomark::tracking {

namespace {

constexpr int kSamples = 4;      // of a cell, each way
constexpr int kReach = 8;        // cells that a picture may shift by from frame to frame
constexpr float kAlike = 0.10F;  // a smaller difference is never a cut
constexpr float kCut = 0.35F;    // a smaller difference at the best shift is not a cut
constexpr float kTimesUsual = 4.0F;
constexpr std::size_t kHistory = 7;
constexpr float kLeastContrast = 4.0F;  // of 255: frames of less show no scene

// A pixel's brightness, 0 to 255; good enough for comparison.
float brightness(const std::uint8_t* pixel, PixelFormat format) {
  if (channel_count(format) == 1) {
    return static_cast<float>(pixel[0]);
  }
  return 0.25F * static_cast<float>(pixel[0] + 2 * pixel[1] + pixel[2]);
}

// The brightness of one cell of a grid over the image, by samples evenly spread.
float cell_brightness(const ImageView& image, int column, int row) {
  float sum = 0.0F;
  for (int j = 0; j < kSamples; ++j) {
    const std::int64_t y_step = std::int64_t{row} * kSamples + j;
    const std::int64_t y =
        (2 * y_step + 1) * image.height / (2 * std::int64_t{Thumbnail::kHeight} * kSamples);
    const std::uint8_t* const line = image.pixels + y * image.row_stride_bytes;
    for (int i = 0; i < kSamples; ++i) {
      const std::int64_t x_step = std::int64_t{column} * kSamples + i;
      const std::int64_t x =
          (2 * x_step + 1) * image.width / (2 * std::int64_t{Thumbnail::kWidth} * kSamples);
      sum += brightness(line + x * channel_count(image.format), image.format);
    }
  }
  return sum / static_cast<float>(kSamples * kSamples);
}

}  // namespace

Thumbnail::Thumbnail(const ImageView& image) {
  double sum = 0.0;
  double squares = 0.0;
  std::size_t index = 0;
  for (int row = 0; row < kHeight; ++row) {
    for (int column = 0; column < kWidth; ++column) {
      const float value = cell_brightness(image, column, row);
      gray_[index++] = value;
      sum += static_cast<double>(value);
      squares += static_cast<double>(value) * static_cast<double>(value);
    }
  }
  const auto count = static_cast<double>(gray_.size());
  contrast_ =
      static_cast<float>(std::sqrt(std::max(0.0, squares / count - sum / count * (sum / count))));
}

float Thumbnail::correlation_at(const Thumbnail& other, int dx, int dy) const {
  float sum_a = 0.0F;
  float sum_b = 0.0F;
  float sum_aa = 0.0F;
  float sum_bb = 0.0F;
  float sum_ab = 0.0F;
  const int left = std::max(0, -dx);
  const int columns = kWidth - std::abs(dx);
  for (int y = std::max(0, -dy); y < std::min(kHeight, kHeight - dy); ++y) {
    const float* const a = &gray_[static_cast<std::size_t>((y + dy) * kWidth + dx + left)];
    const float* const b = &other.gray_[static_cast<std::size_t>(y * kWidth + left)];
    for (int x = 0; x < columns; ++x) {
      sum_a += a[x];
      sum_b += b[x];
      sum_aa += a[x] * a[x];
      sum_bb += b[x] * b[x];
      sum_ab += a[x] * b[x];
    }
  }
  const auto count = static_cast<float>((kWidth - std::abs(dx)) * (kHeight - std::abs(dy)));
  const float covariance = sum_ab / count - sum_a / count * (sum_b / count);
  const float variance_a = sum_aa / count - sum_a / count * (sum_a / count);
  const float variance_b = sum_bb / count - sum_b / count * (sum_b / count);
  constexpr float kNoise = 1.0F;  // so that empty parts are not compared by their noise
  return covariance / std::sqrt((variance_a + kNoise) * (variance_b + kNoise));
}

float Thumbnail::difference_from(const Thumbnail& other, int reach) const {
  float best = correlation_at(other, 0, 0);
  for (int dy = -reach; dy <= reach; ++dy) {
    for (int dx = -reach; dx <= reach; ++dx) {
      best = std::max(best, correlation_at(other, dx, dy));
    }
  }
  return 1.0F - best;
}

bool SceneCuts::is_cut(const ImageView& image) {
  if (image.memory != ImageMemory::kHost) {
    return false;
  }
  const Thumbnail thumbnail(image);
  if (thumbnail.contrast() < kLeastContrast) {
    return false;
  }
  if (!last_) {
    last_ = thumbnail;
    return false;
  }
  float difference = thumbnail.difference_from(*last_, 0);
  bool cut = false;
  if (difference > kAlike && difference > kTimesUsual * usual_difference()) {
    difference = thumbnail.difference_from(*last_, kReach);
    cut = difference > kCut;
  }
  last_ = thumbnail;
  if (cut) {
    differences_.clear();
  } else {
    differences_.push_back(difference);
    if (differences_.size() > kHistory) {
      differences_.pop_front();
    }
  }
  return cut;
}

void SceneCuts::reset() {
  last_.reset();
  differences_.clear();
}

float SceneCuts::usual_difference() const {
  if (differences_.empty()) {
    return 0.0F;
  }
  std::vector<float> sorted(differences_.begin(), differences_.end());
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2));
  return sorted[sorted.size() / 2];
}

}  // namespace kilomark::tracking
