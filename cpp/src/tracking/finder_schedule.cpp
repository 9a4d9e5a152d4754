#include "finder_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace kilomark::tracking {

namespace {

constexpr double kOverlap = 0.25;  // of a tile's side
constexpr int kPixelsPerTile = 320;
constexpr int kMostTiles = 4;
constexpr int kAlarmFrames = 5;
constexpr int kPatientFrames = 30;  // without a face, then every second frame is enough
constexpr int kManyFaces = 4;
constexpr int kCrowdInterval = 2;
constexpr std::size_t kLooksPerTile = 3;

// How many tiles of that side cover an extent.
int count_along(int extent, int side) {
  const double needed = (extent - kOverlap * side) / (side * (1.0 - kOverlap));
  return std::max(1, static_cast<int>(std::ceil(needed - 1e-6)));
}

// The side with which that many tiles cover an extent, even.
int side_of(int extent, int count) {
  const double share = count - (count - 1) * kOverlap;
  return std::max(2, static_cast<int>(std::ceil(extent / share / 2.0)) * 2);
}

std::vector<int> starts_along(int extent, int side, int count) {
  std::vector<int> starts;
  for (int i = 0; i < count; ++i) {
    const int start = count == 1 ? 0 : (extent - side) * i / (count - 1);
    starts.push_back(start / 2 * 2);  // even, for NV12
  }
  return starts;
}

// How far a point lies within a tile, from its nearest edge; negative outside.
float depth_in(const Tile& tile, const Point& point) {
  const float x = point.x - static_cast<float>(tile.x);
  const float y = point.y - static_cast<float>(tile.y);
  return std::min({x, y, static_cast<float>(tile.width) - x, static_cast<float>(tile.height) - y});
}

std::size_t tile_around(std::span<const Tile> tiles, const Point& point) {
  const auto found =
      std::ranges::max_element(tiles, {}, [&](const Tile& tile) { return depth_in(tile, point); });
  return static_cast<std::size_t>(found - tiles.begin());
}

}  // namespace

std::vector<Tile> tiles_of(int width, int height, int tiles) {
  const int longer = std::max(width, height);
  if (tiles == 0) {
    tiles = std::min(kMostTiles, (longer + kPixelsPerTile - 1) / kPixelsPerTile);
  }
  if (tiles <= 1) {
    return {};
  }
  const int side = side_of(longer, tiles);
  const int columns = count_along(width, std::min(side, width));
  const int rows = count_along(height, std::min(side, height));
  const int tile_width = side_of(width, columns);
  const int tile_height = side_of(height, rows);
  std::vector<Tile> out;
  for (const int y : starts_along(height, tile_height, rows)) {
    for (const int x : starts_along(width, tile_width, columns)) {
      const int across = width - x <= tile_width + 1 ? width - x : tile_width;
      const int down = height - y <= tile_height + 1 ? height - y : tile_height;
      out.push_back({x, y, across, down});
    }
  }
  return out;
}

ImageView part_of(const ImageView& image, const Tile& tile) {
  ImageView part = image;
  part.width = tile.width;
  part.height = tile.height;
  part.pixels += tile.y * image.row_stride_bytes + tile.x * channel_count(image.format);
  if (is_nv12(image.format)) {
    part.chroma += tile.y / 2 * image.chroma_stride_bytes + tile.x;
  }
  return part;
}

std::optional<Tile> FinderSchedule::next(int width, int height, const SceneState& state) {
  since_look_ = std::min(since_look_ + 1, kNever);
  empty_frames_ = state.num_faces == 0 ? empty_frames_ + 1 : 0;
  looks_of_scene_ = state.scene_begins ? 0 : looks_of_scene_;
  if (!state.needs_look && since_look_ < interval(width, height, state)) {
    return std::nullopt;
  }
  since_look_ = 0;
  ++looks_of_scene_;
  const std::vector<Tile> tiles = tiles_of(width, height, tiles_);
  last_looks_.resize(tiles.size() + 1);
  const std::size_t view = choose(tiles, state);
  last_looks_[view] = ++looks_;
  return view < tiles.size() ? tiles[view] : Tile{0, 0, width, height};
}

int FinderSchedule::interval(int width, int height, const SceneState& state) const {
  int interval = detect_every_;
  if (!state.tentative_places.empty() ||
      (state.frames_since_loss >= 0 && state.frames_since_loss <= kAlarmFrames)) {
    interval = 1;
  } else if (state.num_faces == 0) {
    interval = empty_frames_ > kPatientFrames ? 2 : 1;
  } else if (state.num_faces >= kManyFaces || state.needs_care) {
    const bool was_all_seen = looks_of_scene_ > tiles_of(width, height, tiles_).size();
    interval = was_all_seen ? kCrowdInterval : 1;
  }
  return std::min(interval, detect_every_);
}

std::size_t FinderSchedule::choose(std::span<const Tile> tiles, const SceneState& state) {
  const std::size_t whole = tiles.size();
  if (tiles.empty() || state.needs_look) {
    return whole;
  }
  const std::span<const ExpectedPlace> places =
      state.tentative_places.empty() ? state.lost_places : state.tentative_places;
  if (!places.empty() && looks_while_expecting_++ % 2 == 0) {
    return view_of_face(tiles, places);
  }
  const bool is_calm = state.num_faces > 0 && state.num_faces < kManyFaces && !state.needs_care;
  const std::size_t period = is_calm ? kLooksPerTile : tiles.size() + 1;
  const std::size_t turn = turn_++ % period;
  if (is_calm ? turn + 1 < period : turn == 0) {
    return whole;
  }
  return next_tile_++ % tiles.size();
}

std::size_t FinderSchedule::view_of_face(std::span<const Tile> tiles,
                                         std::span<const ExpectedPlace> places) const {
  const auto view_of = [&](const ExpectedPlace& place) {
    return place.is_small ? tile_around(tiles, place.center) : tiles.size();
  };
  std::size_t chosen = view_of(places.front());
  for (const ExpectedPlace& place : places) {
    const std::size_t view = view_of(place);
    chosen = last_looks_[view] < last_looks_[chosen] ? view : chosen;
  }
  return chosen;
}

void FinderSchedule::reset() {
  since_look_ = kNever;
  empty_frames_ = 0;
  looks_of_scene_ = 0;
  turn_ = 0;
  next_tile_ = 0;
  looks_while_expecting_ = 0;
  looks_ = 0;
  last_looks_.clear();
}

}  // namespace kilomark::tracking
