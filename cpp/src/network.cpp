#include "kilomark/network.hpp"

#include <algorithm>
#include <cmath>

#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

constexpr int kMaxInputSide = 4096;

}  // namespace

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

int FinderNetwork::num_cells() const {
  int cells = 0;
  for (const int stride : strides) {
    cells += (input.width / stride) * (input.height / stride);
  }
  return cells;
}

void check_network(const LandmarkNetwork& network) {
  check_input(network.input);
  if (network.num_landmarks < 1) {
    fail(ErrorCode::kBundle, text(network.num_landmarks, " landmarks"), "at least 1",
         "correct num_landmarks in the manifest");
  }
  if (!(network.crop_scale > 0.0F && network.crop_scale <= 16.0F)) {
    fail(ErrorCode::kBundle, text("a crop_scale of ", network.crop_scale),
         "more than 0, at most 16", "correct crop_scale in the manifest");
  }
}

void check_network(const FinderNetwork& network) {
  check_input(network.input);
  if (network.strides.empty() || std::ranges::any_of(network.strides, [&](int stride) {
        return stride < 1 || network.input.width % stride != 0 ||
               network.input.height % stride != 0;
      })) {
    fail(ErrorCode::kBundle,
         text("a finder input of ", network.input.width, " x ", network.input.height,
              " px that its strides do not divide"),
         "a multiple of every stride, and at least one stride",
         "choose a finder size that is a multiple of the largest stride");
  }
}

}  // namespace kilomark
