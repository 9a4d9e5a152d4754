#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>
#include <utility>

#include "kilomark/tracker.hpp"

namespace kilomark {

namespace {

// How freely the landmarks of a group move on the skull, by the last word of its name.
constexpr std::array<std::pair<std::string_view, float>, 6> kMobility{{{"eye", 1.0F},
                                                                       {"iris", 0.7F},
                                                                       {"pupil", 0.7F},
                                                                       {"lips", 1.0F},
                                                                       {"brow", 0.5F},
                                                                       {"oval", 0.3F}}};

float mobility_of(std::string_view group) {
  const std::string_view last_word = group.substr(group.rfind('_') + 1);
  const auto* const found =
      std::ranges::find(kMobility, last_word, &std::pair<std::string_view, float>::first);
  return found == kMobility.end() ? 0.0F : found->second;
}

// Eyes are placed in small crops of their own: their error is smaller than their spread says, and
// their noise is not.
constexpr float kNoiseOfEyes = 2.0F;

float noise_of(std::string_view group) {
  const std::string_view last_word = group.substr(group.rfind('_') + 1);
  const bool is_eye = last_word == "eye" || last_word == "iris" || last_word == "pupil";
  return is_eye ? kNoiseOfEyes : 1.0F;
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
    for (const int index : indices_of(group)) {
      layout.mobility[static_cast<std::size_t>(index)] = mobility_of(group.name);
      layout.noise[static_cast<std::size_t>(index)] = noise_of(group.name);
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
