#pragma once

#include <array>
#include <string>
#include <vector>

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

// A landmark network. `model` holds an ONNX file, its batch dimension dynamic:
//   in  image     (N, 3, H, W) float32, normalised
//   out landmarks (N, K, 2) float32, pixels of the input
//   out spread    (N, K)    float32, expected error in pixels of the input
//   out presence  (N,)      float32, probability that the crop holds a well-placed face
struct LandmarkNetwork {
  std::string model;
  NetworkInput input;
  int num_landmarks = 0;
  float crop_scale = 1.0F;  // side of the crop / longer side of the face's box
};

// A face finder. `model` holds an ONNX file, its batch, height and width dynamic; it runs at the
// size of `input`:
//   in  image     (N, 3, H, W) float32, normalised, letterboxed
//   out scores    (N, M)       float32, probability
//   out distances (N, M, 4)    float32, from the cell's centre to left, top, right, bottom of the
//   box, in input pixels out keypoints (N, M, 5, 2) float32, offsets from the cell's centre, in
//   input pixels
// The M cells: for each stride s in order, row by row, cell (r, c) has its centre at ((c + 0.5) s,
// (r + 0.5) s).
struct FinderNetwork {
  std::string model;
  NetworkInput input;
  std::vector<int> strides;

  [[nodiscard]] int num_cells() const;
};

inline constexpr int kNumKeypoints =
    5;  // right eye, left eye, nose tip, right and left corner of the mouth

// Throw Error{kBundle} unless the description makes sense in itself.
void check_input(const NetworkInput& input);
void check_network(const LandmarkNetwork& network);
void check_network(const FinderNetwork& network);

}  // namespace kilomark
