#include "look_plan.hpp"

#include <algorithm>
#include <cmath>

#include "face_selection.hpp"
#include "kilomark/limits.hpp"

namespace kilomark {

namespace {

// A look less than this many times as large as the last shows hardly more.
constexpr double kHardlyLarger = 1.25;

// The longer side of the look after one of `last` px; 0 if none would show more.
int next_size(int last, double most) {
  for (const int size : kLookSizes) {
    const double possible = std::min({1.0 * size, kMostZoom * last, most});
    if (possible >= kHardlyLarger * last) {
      return static_cast<int>(possible);
    }
  }
  return 0;
}

}  // namespace

int look_size(std::size_t look, const ImageView& image, int size) {
  const double longer = std::max(image.width, image.height);
  const double most = longer > size ? kMostEnlarged * longer : longer;
  int sized = size;
  for (std::size_t i = 0; i < look && sized > 0; ++i) {
    sized = next_size(sized, most);
  }
  return sized;
}

bool should_look_again(std::span<const FoundFace> found, int size, const ImageView& image,
                       const DetectOptions& options) {
  const float reduction =
      static_cast<float>(std::max(image.width, image.height)) / static_cast<float>(size);
  const std::vector<FoundFace> faces = merge_cells({found.begin(), found.end()}, options);
  const bool is_sure = std::ranges::any_of(
      faces, [&](const FoundFace& face) { return face.score >= options.score_threshold; });
  if (!is_sure && reduction >= kMuchReduced && size < kLookSizes[1]) {
    return true;
  }
  int num_faces = 0;
  float small_faces = 0.0F;  // how many, to be expected
  for (const FoundFace& face : faces) {
    if (face.score < kDoubtful * options.score_threshold) {
      continue;
    }
    ++num_faces;
    if (longer_side(face.box) < kSmallFace * reduction) {
      small_faces += face.score;
    }
  }
  return small_faces >= kLikely * options.score_threshold || num_faces >= kManyFaces;
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
