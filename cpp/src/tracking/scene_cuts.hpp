#pragma once

#include <array>
#include <deque>
#include <optional>

#include "kilomark/image.hpp"

namespace kilomark::tracking {

// A tiny gray picture of a frame, for comparison.
class Thumbnail {
 public:
  static constexpr int kWidth = 48;
  static constexpr int kHeight = 27;

  // Samples at most 4 x 4 pixels a cell, whatever the frame's size. The image lies in host memory.
  explicit Thumbnail(const ImageView& image);

  // The standard deviation of the gray values.
  [[nodiscard]] float contrast() const { return contrast_; }

  // 1 - the normalized cross-correlation with an earlier thumbnail, at the best shift within
  // `reach` cells. 0: the same picture, also if brighter, in more contrast or shifted.
  [[nodiscard]] float difference_from(const Thumbnail& other, int reach) const;

 private:
  [[nodiscard]] float correlation_at(const Thumbnail& other, int dx, int dy) const;

  std::array<float, std::size_t{kWidth} * kHeight> gray_{};
  float contrast_ = 0.0F;
};

// Finds the frames that begin another scene.
//
// A cut is a frame that no shift of the one before explains, and that differs more than the frames
// before did from one another. Flashes, fades and pans are not cuts. Frames without contrast are
// skipped: a scene after a fade through black is compared with the one before it.
class SceneCuts {
 public:
  // Whether this frame begins another scene than the one before. Never true of the first frame,
  // nor of a frame in GPU memory, which is not read.
  [[nodiscard]] bool is_cut(const ImageView& image);

  void reset();

 private:
  [[nodiscard]] float usual_difference() const;

  std::optional<Thumbnail> last_;
  std::deque<float> differences_;
};

}  // namespace kilomark::tracking
