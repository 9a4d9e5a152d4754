#pragma once

#include <cstddef>
#include <vector>

#include "finder_schedule.hpp"
#include "kilomark/geometry.hpp"

namespace kilomark::tracking {

// A close look shows the face detector a part of the frame enlarged two to three times, in which it
// sees faces of 5 px. There are two kinds: a search at a tile, for new faces, and a look at a window
// around a tiny face.

// The longer side of the detector's input, px.
inline constexpr int kSearchInput = 512;  // of a tile of at most half of it
inline constexpr int kWindowInput = 256;

// The part of a frame that is seen around a tiny face. It has the frame's aspect.
[[nodiscard]] Tile window_around(Point center, int width, int height);

// Allows a number of looks per second of video, whatever its frame rate.
class LookBudget {
 public:
  explicit LookBudget(int most_per_frame) : most_(most_per_frame) {}

  // How many looks a frame may have, `step_s` after the one before.
  [[nodiscard]] int take(double step_s, double per_second);

  void reset() { saved_ = 0.0; }

 private:
  double saved_ = 0.0;
  double most_;
};

// What the search knows before each frame.
struct CloseScene {
  bool has_tiny = false;   // a tiny face, or a candidate for one
  bool has_small = false;  // a face that the detector sees better in a tile
  bool has_large = false;  // another face, or one was lost a moment ago
};

// Decides when the face detector searches for tiny faces. It searches the tiles in turn.
//
// scene                  | tiles per second
// -----------------------|-------------------------------------------
// tiny faces             | 12
// else, small faces      | 6
// else, large faces only | 0
// no face                | 0 for a quarter second; then 12; 4 after two rounds
class CloseSearch {
 public:
  explicit CloseSearch(int tiles) : tiles_(tiles) {}

  // The tiles to search now. Call once a frame, `step_s` after the one before.
  [[nodiscard]] std::vector<Tile> next(int width, int height, const CloseScene& scene,
                                       double step_s);

  void reset() { *this = CloseSearch(tiles_); }

 private:
  [[nodiscard]] double rate(const CloseScene& scene, std::size_t num_tiles) const;

  int tiles_;
  LookBudget budget_{2};
  double empty_s_ = 0.0;  // without any face
  std::size_t empty_looks_ = 0;
  std::size_t turn_ = 0;
};

}  // namespace kilomark::tracking
