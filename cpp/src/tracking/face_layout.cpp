#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string_view>
#include <utility>

#include "kilomark/tracker.hpp"

namespace kilomark {

namespace {

// How the landmarks of a group move, by the last word of its name.
struct Motion {
  std::string_view name;
  float mobility = 0.0F;  // on the skull
  float noise = 1.0F;     // see FaceLayout
};

// Eyes are placed in small crops of their own: their error is smaller than their spread says, and
// their noise is not.
constexpr float kNoiseOfEyes = 2.0F;

constexpr std::array<Motion, 6> kMotions{{{"eye", 1.0F, kNoiseOfEyes},
                                          {"iris", 0.7F, kNoiseOfEyes},
                                          {"pupil", 0.7F, kNoiseOfEyes},
                                          {"lips", 1.0F},
                                          {"brow", 0.5F},
                                          {"oval", 0.3F}}};

Motion motion_of(std::string_view group) {
  const std::string_view last_word = group.substr(group.rfind('_') + 1);
  const auto* const found = std::ranges::find(kMotions, last_word, &Motion::name);
  return found == kMotions.end() ? Motion{} : *found;
}

// Lids move most in the middle of the eye, and not at all at its corners, where the contour begins
// and half way round.
float share_of_motion(const LandmarkGroup& group, int index) {
  if (!group.name.ends_with("_eye") || !group.closed.value_or(true)) {
    return 1.0F;
  }
  const double turn = static_cast<double>(index - group.start) / static_cast<double>(group.count);
  return static_cast<float>(std::abs(std::sin(2.0 * std::numbers::pi * turn)));
}

std::vector<int> indices_of(const LandmarkGroup& group) {
  std::vector<int> indices(static_cast<std::size_t>(group.count));
  std::iota(indices.begin(), indices.end(), group.start);
  return indices;
}

}  // namespace

FaceLayout make_face_layout(const Topology& topology) {
  const auto count = static_cast<std::size_t>(topology.num_landmarks);
  FaceLayout layout{std::vector<float>(count, 0.0F),
                    std::vector<int>(count, -1),
                    {},
                    {},
                    std::vector<float>(count, 1.0F)};
  for (std::size_t number = 0; number < topology.groups.size(); ++number) {
    const LandmarkGroup& group = topology.groups[number];
    const Motion motion = motion_of(group.name);
    for (const int index : indices_of(group)) {
      layout.mobility[static_cast<std::size_t>(index)] =
          motion.mobility * share_of_motion(group, index);
      layout.noise[static_cast<std::size_t>(index)] = motion.noise;
      layout.groups[static_cast<std::size_t>(index)] = static_cast<int>(number);
    }
  }
  const LandmarkGroup* const right = topology.find_group("right_eye");
  const LandmarkGroup* const left = topology.find_group("left_eye");
  if (right != nullptr && left != nullptr) {
    layout.right_eye = indices_of(*right);
    layout.left_eye = indices_of(*left);
  }
  return layout;
}

}  // namespace kilomark
