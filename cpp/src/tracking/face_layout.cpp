#include <algorithm>
#include <array>
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
      layout.mobility[static_cast<std::size_t>(index)] = motion.mobility;
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
