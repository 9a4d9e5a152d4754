#include "close_looks.hpp"

#include <algorithm>
#include <cmath>

namespace kilomark::tracking {

namespace {

constexpr int kTileSide = kSearchInput / 2;
constexpr double kOverlap = 0.25;  // that of tiles_of
constexpr int kMostTiles = 12;     // along the longer side
constexpr int kWindowSide = 96;

// Tiles per second.
constexpr double kBusyRate = 12.0;
constexpr double kCalmRate = 6.0;
constexpr double kPatientRate = 4.0;
constexpr std::size_t kEagerRounds = 2;
constexpr double kEmptyS = 0.25;

// Where a part of `side` px begins that lies within `extent` and around `center`, if it can; even,
// for NV12.
int start_around(float center, int side, int extent) {
  const int start = static_cast<int>(std::lround(center)) - side / 2;
  return std::clamp(start, 0, extent - side) / 2 * 2;
}

std::vector<Tile> search_tiles(int width, int height) {
  const double sides = static_cast<double>(std::max(width, height)) / kTileSide;
  const int count = static_cast<int>(std::ceil((sides - kOverlap) / (1.0 - kOverlap)));
  std::vector<Tile> tiles = tiles_of(width, height, std::clamp(count, 1, kMostTiles));
  return tiles.empty() ? std::vector<Tile>{{0, 0, width, height}} : tiles;
}

}  // namespace

Tile window_around(Point center, int width, int height) {
  const int longer = std::max(width, height);
  const auto side = [&](int extent) {
    return std::min(extent, std::max(2, kWindowSide * extent / longer / 2 * 2));
  };
  return {start_around(center.x, side(width), width), start_around(center.y, side(height), height),
          side(width), side(height)};
}

int LookBudget::take(double step_s, double per_second) {
  saved_ = std::min(saved_ + step_s * per_second, most_);
  const int looks = static_cast<int>(saved_);
  saved_ -= looks;
  return looks;
}

std::vector<Tile> CloseSearch::next(int width, int height, const CloseScene& scene, double step_s) {
  if (tiles_ == 1) {
    return {};
  }
  const bool is_empty = !scene.has_tiny && !scene.has_small && !scene.has_large;
  empty_s_ = is_empty ? empty_s_ + step_s : 0.0;
  empty_looks_ = is_empty ? empty_looks_ : 0;
  const std::vector<Tile> tiles = search_tiles(width, height);
  std::vector<Tile> chosen;
  for (int i = budget_.take(step_s, rate(scene, tiles.size())); i > 0; --i) {
    chosen.push_back(tiles[turn_++ % tiles.size()]);
    ++empty_looks_;
  }
  return chosen;
}

double CloseSearch::rate(const CloseScene& scene, std::size_t num_tiles) const {
  if (scene.has_tiny) {
    return kBusyRate;
  }
  if (scene.has_small) {
    return kCalmRate;
  }
  if (scene.has_large || empty_s_ < kEmptyS) {
    return 0.0;
  }
  return empty_looks_ < kEagerRounds * num_tiles ? kBusyRate : kPatientRate;
}

}  // namespace kilomark::tracking
