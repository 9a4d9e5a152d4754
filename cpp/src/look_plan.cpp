#include "look_plan.hpp"

#include <algorithm>
#include <cmath>

#include "face_selection.hpp"
#include "kilomark/limits.hpp"

namespace kilomark {

namespace {

// A look less than this many times as large as the last shows hardly more.
constexpr double kHardlyLarger = 1.25;

}  // namespace

int look_size(std::size_t look, const ImageView& image, int size) {
  if (look == 0) {
    return size;
  }
  if (look >= std::size(kZooms)) {
    return 0;
  }
  const double wanted = std::min(kZooms[look] * size, double{kMaxInputSide});
  const double longer = std::max(image.width, image.height);
  const double possible = std::min(wanted, longer > size ? kMostEnlarged * longer : longer);
  return possible >= kHardlyLarger * kZooms[look - 1] * size ? static_cast<int>(possible) : 0;
}

bool should_look_again(std::span<const FoundFace> found, int size, const ImageView& image,
                       const DetectOptions& options) {
  const float reduction =
      static_cast<float>(std::max(image.width, image.height)) / static_cast<float>(size);
  const std::vector<FoundFace> faces = merge_cells({found.begin(), found.end()}, options);
  const bool is_sure = std::ranges::any_of(
      faces, [&](const FoundFace& face) { return face.score >= options.score_threshold; });
  if (!is_sure && reduction >= kMuchReduced) {
    return true;
  }
  const bool is_small = std::ranges::any_of(faces, [&](const FoundFace& face) {
    return face.score >= kLikely * options.score_threshold &&
           std::max(face.box.x1 - face.box.x0, face.box.y1 - face.box.y0) < kSmallFace * reduction;
  });
  return is_small || faces.size() >= kManyFaces;
}

int step_of_size(int size, int step) {
  constexpr int kSteps = 10;
  while (kSteps * step < size) {
    step *= 2;
  }
  return step;
}

Look sized_look(const ImageView& image, int size, int step) {
  const double longer = std::max(image.width, image.height);
  const auto to_side = [&](int side) {
    const int steps = static_cast<int>(std::ceil(side * (size / longer) / step - 1e-6));
    return std::clamp(steps * step, step, kMaxInputSide / step * step);
  };
  return {to_side(image.width), to_side(image.height), 1};
}

}  // namespace kilomark
