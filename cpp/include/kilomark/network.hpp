#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kilomark/api.hpp"

namespace kilomark {

enum class ChannelOrder { kRgb, kBgr };

// How pixels become the input of a network: (pixel - mean) / std per channel, in `order`, mean and
// std in 0..255.
struct NetworkInput {
  int width = 0;
  int height = 0;
  ChannelOrder order = ChannelOrder::kRgb;
  std::array<float, 3> mean{};
  std::array<float, 3> std{};
};

// The bytes of a model file, shared by all who may load it: an ONNX file for the CPU, its batch
// dynamic; a TensorRT engine for a GPU.
using Model = std::shared_ptr<const std::string>;

// An output of a network and its shape without the batch dimension.
struct KILOMARK_API NamedOutput {
  std::string name;
  std::vector<std::size_t> shape;

  [[nodiscard]] std::size_t size() const;  // the product of the shape, in floats
};

// All that a backend needs to load a network and run it:
//   in   image  (N, 3, H, W)  float32, normalized
//   out  each   (N, *shape)   float32
struct KILOMARK_API NetworkSpec {
  std::string name;  // for messages
  Model model;
  NetworkInput input;
  std::vector<NamedOutput> outputs;  // at the size of `input`
  // Above 0: the network also runs at every other width and height that are multiples of this, up
  // to kMaxInputSide. Its outputs then have as many numbers as its description says.
  int size_step = 0;
  // Whether Precision::kAuto may run the network in bfloat16.
  bool tolerates_bf16 = false;

  // The position of an output among `outputs`, or their number if there is none of that name.
  [[nodiscard]] std::size_t find_output(std::string_view output) const;
  [[nodiscard]] std::size_t input_size() const;  // floats per item
};

// A landmark network.
//   out  landmarks  (N, K, 2)  float32, pixels of the input
//        spread     (N, K)     float32, expected error in pixels of the input
//        presence   (N,)       float32, probability that the crop holds a well-placed face
//        depth      (N, K)     float32, pixels of the input, away from the camera; optional
struct LandmarkNetwork {
  Model model;
  NetworkInput input;
  int num_landmarks = 0;
  float crop_scale = 1.0F;  // side of the crop / longer side of the face's box
  bool has_depth = false;
  // (K,) the landmark that each one becomes when the image is mirrored; empty if not known
  std::vector<int> mirror = {};
};

// Which faces a second landmark network, the companion, also places, and with which weight:
//
//   hardness = mean spread of the face's landmarks / root of the area of the box around them
//   gate     = clip((hardness - spread_from) / (spread_to - spread_from), 0, 1)
//   weight   = gate / (1 + (spread_factor * spread of the companion / spread)^3)
//
// The companion runs where the gate is above 0. The gate is continuous, so that the landmarks of a
// face that gets harder do not jump.
struct CompanionRule {
  float spread_from = 0.012F;
  float spread_to = 0.016F;
  float spread_factor = 1.1F;
};

// A second landmark network, of the same landmarks as the first, for faces that are hard for it.
struct CompanionNetwork {
  LandmarkNetwork network;
  CompanionRule rule = {};
};

// How much a network that sees each eye in a crop of its own counts:
//
//   width  = distance of the eye's corners / that of the face's wider eye
//   gate   = clip((width - width_from) / (width_to - width_from), 0, 1)
//   weight = gate / (1 + (spread_factor * spread of the eye network / spread)^3)
//
// An eye that the head's turn hides is narrow, and keeps the landmarks that it has.
struct EyeRule {
  float width_from = 0.45F;
  float width_to = 0.7F;
  float spread_factor = 0.6F;
};

// A network of the landmarks of one eye, for the landmarks of a whole face.
//
//   crop     around the middle of the eye's corners, its longer side crop_scale times the distance of
//            the corners of the face's wider eye; the outer corner is to the left and the inner one
//            to the right of it, at the same height. The crop of a left eye is mirrored.
//   corners  the landmarks of the network that are the outer and the inner corner
struct EyeNetwork {
  LandmarkNetwork network;
  EyeRule rule = {};
  // (K,) the landmark of the face that each landmark of the network is, in the right and left eye
  std::vector<int> right = {};
  std::vector<int> left = {};
  std::array<int, 2> corners = {};
};

// How the scores of the face detector and the presence of a landmark network make one score:
//
//   logit(score) = finder_weight * logit(finder) + offset
//                + presence_weight * (logit(presence) - logit(neutral_presence))
//                + largeness * (large_presence_weight * (logit(presence) - logit(neutral_presence))
//                               + large_offset)
//                + smallness * (company_weight * company - loneliness)
//
//   largeness   log2(side / 30 px), from 0 to 1; side: the longer side of the box in the image
//   smallness   log2(40 px / side), from 0 to 3
//   company     ln(1 + sum over the image's other faces of score * likeness); score: without the
//               line of smallness
//   likeness    exp(-x^2 / 2), x = ln(ratio of the two sides) / 0.35
//
// Both networks see the same pixels, so the presence weighs less than independent evidence. False
// faces have some presence too: only a presence above neutral_presence raises the score. Where a
// large face is doubtful, it is often an animal's: both networks see enough of a human one. A small
// face is more likely beside others of its size. Faces of 40 px and more are judged alone.
struct RescoringRule {
  float finder_weight = 1.0F;
  float presence_weight = 0.5F;
  float neutral_presence = 0.9F;
  float offset = 0.0F;
  // Candidates with fewer of the odds that score_threshold asks for are dropped unseen.
  float candidate_odds = 1.0F / 9.0F;
  float large_presence_weight = 0.0F;
  float large_offset = 0.0F;
  float company_weight = 0.0F;
  float loneliness = 0.0F;
};

// A face detector ("finder"). Its height and width are dynamic too; it runs at the size of `input`.
//   in   image      (N, 3, H, W)   float32, normalized, letterboxed
//   out  scores     (N, M)         float32, probability
//        distances  (N, M, 4)      float32, from the cell's center to the left, top, right and
//                                  bottom of the box, in input pixels
//        keypoints  (N, M, 5, 2)   float32, offsets from the cell's center, in input pixels
//
// The M cells: for each stride s in order, row by row, cell (r, c) has its center at
// ((c + 0.5) s, (r + 0.5) s).
struct KILOMARK_API FinderNetwork {
  Model model;
  NetworkInput input;
  std::vector<int> strides;
  RescoringRule rescoring;

  [[nodiscard]] std::size_t num_cells() const;
  [[nodiscard]] int size_step() const;  // the largest stride
};

// Right eye, left eye, nose tip, right and left corner of the mouth.
inline constexpr int kNumKeypoints = 5;

[[nodiscard]] KILOMARK_API NetworkSpec to_spec(const LandmarkNetwork& network);
[[nodiscard]] KILOMARK_API NetworkSpec to_spec(const FinderNetwork& network);
[[nodiscard]] KILOMARK_API NetworkSpec to_spec(const FinderNetwork& network, int input_width,
                                               int input_height);

// The network with an input of about 4 : 3, the aspect of most images, at the same width: a backend
// that resizes networks then compiles it for them at first.
[[nodiscard]] KILOMARK_API FinderNetwork for_common_images(FinderNetwork network);

// Throw Error{kBundle} unless the description makes sense in itself.
KILOMARK_API void check_input(const NetworkInput& input);
KILOMARK_API void check_network(const LandmarkNetwork& network);
KILOMARK_API void check_network(const FinderNetwork& network);
KILOMARK_API void check_network(const CompanionNetwork& network);
KILOMARK_API void check_network(const EyeNetwork& network);

}  // namespace kilomark
