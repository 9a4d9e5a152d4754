#include "kilomark/network.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>

#include "kilomark/error.hpp"
#include "kilomark/limits.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

constexpr float kMaxSpreadFactor = 100.0F;

void check_rescoring(const RescoringRule& rule) {
  const auto bounded = [](float value) { return std::abs(value) <= 100.0F; };  // not NaN
  const float weights[] = {
      rule.finder_weight, rule.presence_weight, rule.offset,    rule.large_presence_weight,
      rule.large_offset,  rule.company_weight,  rule.loneliness};
  if (!std::ranges::all_of(weights, bounded) ||
      !(rule.neutral_presence > 0.0F && rule.neutral_presence < 1.0F) ||
      !(rule.candidate_odds > 0.0F && rule.candidate_odds <= 1.0F)) {
    fail(ErrorCode::kBundle,
         text("a rescoring rule with the weights ", rule.finder_weight, ", ", rule.presence_weight,
              ", ", rule.large_presence_weight, ", ", rule.company_weight, " and ", rule.loneliness,
              ", the offsets ", rule.offset, " and ", rule.large_offset, ", the neutral presence ",
              rule.neutral_presence, " and the candidate odds ", rule.candidate_odds),
         "weights and offsets from -100 to 100, the others more than 0 and at most 1",
         "correct rescoring in the manifest of the face detector");
  }
}

// Each landmark's partner has it for its own partner.
void check_mirror(std::span<const int> mirror, int num_landmarks) {
  bool is_inverse = mirror.empty() || std::ssize(mirror) == num_landmarks;
  for (int k = 0; is_inverse && k < static_cast<int>(mirror.size()); ++k) {
    const int other = mirror[static_cast<std::size_t>(k)];
    is_inverse =
        other >= 0 && other < num_landmarks && mirror[static_cast<std::size_t>(other)] == k;
  }
  if (!is_inverse) {
    fail(ErrorCode::kBundle, text("an invalid mirror of ", mirror.size(), " landmarks"),
         text("a permutation of the ", num_landmarks, " landmarks that is its own inverse"),
         "correct mirror in the manifest");
  }
}

}  // namespace

std::size_t NamedOutput::size() const {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies());
}

std::size_t NetworkSpec::find_output(std::string_view output) const {
  const auto found = std::ranges::find(outputs, output, &NamedOutput::name);
  return static_cast<std::size_t>(found - outputs.begin());
}

std::size_t NetworkSpec::input_size() const {
  return 3 * static_cast<std::size_t>(input.width) * static_cast<std::size_t>(input.height);
}

std::size_t FinderNetwork::num_cells() const {
  std::size_t cells = 0;
  for (const int stride : strides) {
    cells += static_cast<std::size_t>(input.width / stride) *
             static_cast<std::size_t>(input.height / stride);
  }
  return cells;
}

NetworkSpec to_spec(const LandmarkNetwork& network) {
  const auto count = static_cast<std::size_t>(network.num_landmarks);
  NetworkSpec spec{"landmark",
                   network.model,
                   network.input,
                   {{"landmarks", {count, 2}}, {"spread", {count}}, {"presence", {}}},
                   0,
                   false};
  if (network.has_depth) {
    spec.outputs.push_back({"depth", {count}});
  }
  return spec;
}

int FinderNetwork::size_step() const { return std::ranges::max(strides); }

FinderNetwork for_common_images(FinderNetwork network) {
  const int step = network.size_step();
  network.input.height = (network.input.width * 3 / 4 + step - 1) / step * step;
  return network;
}

NetworkSpec to_spec(const FinderNetwork& network) {
  const std::size_t cells = network.num_cells();
  return {
      "finder",
      network.model,
      network.input,
      {{"scores", {cells}}, {"distances", {cells, 4}}, {"keypoints", {cells, kNumKeypoints, 2}}},
      network.size_step(),
      true};
}

NetworkSpec to_spec(const FinderNetwork& network, int input_width, int input_height) {
  FinderNetwork sized = network;
  sized.input.width = input_width;
  sized.input.height = input_height;
  return to_spec(sized);
}

void check_input(const NetworkInput& input) {
  const auto in_range = [](int side) { return side >= 1 && side <= kMaxInputSide; };
  if (!in_range(input.width) || !in_range(input.height)) {
    fail(ErrorCode::kBundle, text("an input of ", input.width, " x ", input.height, " px"),
         text("1 to ", kMaxInputSide, " px each way"), "correct the input size in the manifest");
  }
  const auto finite = [](float value) { return std::isfinite(value); };
  const auto positive = [](float value) { return std::isfinite(value) && value > 0.0F; };
  if (!std::ranges::all_of(input.mean, finite) || !std::ranges::all_of(input.std, positive)) {
    fail(ErrorCode::kBundle, "a mean that is not finite or a std that is not positive",
         "three finite means and three positive stds, in units of 0..255",
         "correct mean and std in the manifest");
  }
}

void check_network(const LandmarkNetwork& network) {
  check_input(network.input);
  if (network.num_landmarks < 1 || network.num_landmarks > kMaxLandmarks) {
    fail(ErrorCode::kBundle, text(network.num_landmarks, " landmarks"),
         text("at least 1 and at most ", kMaxLandmarks), "correct num_landmarks in the manifest");
  }
  if (!(network.crop_scale > 0.0F && network.crop_scale <= kMaxCropScale)) {
    fail(ErrorCode::kBundle, text("a crop_scale of ", network.crop_scale),
         text("more than 0, at most ", kMaxCropScale), "correct crop_scale in the manifest");
  }
  check_mirror(network.mirror, network.num_landmarks);
}

void check_network(const CompanionNetwork& network) {
  check_network(network.network);
  const CompanionRule& rule = network.rule;
  if (!(rule.spread_from >= 0.0F && rule.spread_from < rule.spread_to && rule.spread_to <= 1.0F) ||
      !(rule.spread_factor > 0.0F && rule.spread_factor <= kMaxSpreadFactor)) {
    fail(ErrorCode::kBundle,
         text("a companion with spread_from ", rule.spread_from, ", spread_to ", rule.spread_to,
              " and spread_factor ", rule.spread_factor),
         text("0 <= spread_from < spread_to <= 1 and 0 < spread_factor <= ", kMaxSpreadFactor),
         "correct companion in the manifest of the landmark network");
  }
}

void check_network(const EyeNetwork& eyes) {
  check_network(eyes.network);
  const EyeRule& rule = eyes.rule;
  if (!(rule.width_from >= 0.0F && rule.width_from < rule.width_to && rule.width_to <= 1.0F) ||
      !(rule.spread_factor > 0.0F && rule.spread_factor <= kMaxSpreadFactor)) {
    fail(ErrorCode::kBundle,
         text("eyes with width_from ", rule.width_from, ", width_to ", rule.width_to,
              " and spread_factor ", rule.spread_factor),
         text("0 <= width_from < width_to <= 1 and 0 < spread_factor <= ", kMaxSpreadFactor),
         "correct eyes in the manifest of the landmark network");
  }
  const auto count = static_cast<std::size_t>(eyes.network.num_landmarks);
  const auto is_one = [&](int k) { return k >= 0 && k < eyes.network.num_landmarks; };
  const auto is_landmark = [](int k) { return k >= 0 && k < kMaxLandmarks; };
  if (eyes.right.size() != count || eyes.left.size() != count ||
      !std::ranges::all_of(eyes.right, is_landmark) ||
      !std::ranges::all_of(eyes.left, is_landmark) || !std::ranges::all_of(eyes.corners, is_one)) {
    fail(ErrorCode::kBundle,
         text("an eye network of ", count, " landmarks with ", eyes.right.size(), " and ",
              eyes.left.size(), " landmarks of the face"),
         text(count, " landmarks of the face for each eye"),
         "take the numbers from eye_landmarks()");
  }
}

void check_network(const FinderNetwork& network) {
  check_input(network.input);
  if (network.strides.size() > kMaxStrides) {
    fail(ErrorCode::kBundle, text(network.strides.size(), " strides"),
         text("at most ", kMaxStrides), "correct strides in the manifest");
  }
  if (network.strides.empty() || std::ranges::any_of(network.strides, [&](int stride) {
        return stride < 1 || stride > kMaxStride || network.input.width % stride != 0 ||
               network.input.height % stride != 0;
      })) {
    fail(ErrorCode::kBundle,
         text("a finder input of ", network.input.width, " x ", network.input.height,
              " px that its strides do not divide"),
         "a multiple of every stride, and at least one stride",
         "choose a finder size that is a multiple of the largest stride");
  }
  check_rescoring(network.rescoring);
}

}  // namespace kilomark
