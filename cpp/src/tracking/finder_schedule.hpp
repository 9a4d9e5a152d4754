#pragma once

#include <optional>
#include <span>
#include <vector>

#include "kilomark/geometry.hpp"
#include "kilomark/image.hpp"

namespace kilomark::tracking {

// A rectangle of whole pixels of a frame.
struct Tile {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

// The tiles that cover a frame, `tiles` along its longer side, overlapping by a quarter: as many rows
// and columns as squares would need, and no larger than they must be. Those of a 4:3 frame have its
// shape, so that the face detector needs no network of another input size.
// `tiles` 0: by the frame's size, one for each 320 px begun, at most 4.
[[nodiscard]] std::vector<Tile> tiles_of(int width, int height, int tiles);

// The part of an image that a tile covers; borrows the pixels.
[[nodiscard]] ImageView part_of(const ImageView& image, const Tile& tile);

// Where the detector may find a face that is lost, or one that it is not sure of.
struct ExpectedPlace {
  Point center;
  bool is_small = false;  // the detector sees it better in a tile
};

// What the schedule knows before each frame.
struct SceneState {
  int num_faces = 0;  // that are followed
  bool scene_begins = false;
  bool needs_look = false;     // a scene begins, or a large face was just lost, or leapt
  bool needs_care = false;     // a face is weak, small or lost
  int frames_since_loss = -1;  // of a face that is still lost; -1: none is
  std::vector<ExpectedPlace> lost_places{};
  std::vector<ExpectedPlace> tentative_places{};  // of new faces that one look found
};

// Decides in which frames the face detector looks, and where: at the whole frame or at one tile.
//
// scene                                  | a look every ...       | at
// needs_look                             | frame                  | the whole frame
// a tentative face                       | frame                  | whole frame and tiles in turn
// a face lost, not longer than 5 frames  | frame                  | whole frame and tiles in turn
// no face                                | frame; 2nd after 1 s   | whole frame and tiles in turn
// 4 faces and more, or needs_care        | 2nd frame; each one until all tiles of
//                                        | the scene were seen    | whole frame and tiles in turn
// else                                   | detect_every-th frame  | whole frame; each 3rd time a
// tile
//
// While faces are tentative, every second look is at a place of such a face: at its tile, or at the
// whole frame if the face is large. The same goes for lost faces, if none is tentative. The view
// that waited longest comes first.
class FinderSchedule {
 public:
  FinderSchedule(int detect_every, int tiles) : detect_every_(detect_every), tiles_(tiles) {}

  // The part of the frame to look at now, if any. Call once a frame.
  [[nodiscard]] std::optional<Tile> next(int width, int height, const SceneState& state);

  void reset();

 private:
  static constexpr int kNever = 1 << 20;

  [[nodiscard]] int interval(int width, int height, const SceneState& state) const;
  // Views are numbered: the tiles, and behind them the whole frame.
  [[nodiscard]] std::size_t choose(std::span<const Tile> tiles, const SceneState& state);
  [[nodiscard]] std::size_t view_of_face(std::span<const Tile> tiles,
                                         std::span<const ExpectedPlace> places) const;

  int detect_every_;
  int tiles_;
  int since_look_ = kNever;
  int empty_frames_ = 0;
  std::size_t looks_of_scene_ = 0;
  std::size_t turn_ = 0;
  std::size_t next_tile_ = 0;
  std::size_t looks_while_expecting_ = 0;  // a face that is tentative or lost
  std::size_t looks_ = 0;
  std::vector<std::size_t> last_looks_{};  // of each view
};

}  // namespace kilomark::tracking
