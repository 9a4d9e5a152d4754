#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "close_looks.hpp"
#include "finder_schedule.hpp"
#include "kilomark/tracker.hpp"
#include "placer.hpp"
#include "scene_cuts.hpp"
#include "track.hpp"

namespace kilomark {

// The state of a tracker. tracker.cpp has the order of a frame's work, tracker_following.cpp what
// happens to faces that are known, tracker_looking.cpp what happens when the face detector looks,
// tracker_close_looks.cpp how it holds tiny faces.
class Tracker::Implementation {
 public:
  Implementation(std::shared_ptr<const FaceSource> source, FaceLayout layout,
                 const TrackerOptions& options)
      : source_(std::move(source)),
        layout_(std::move(layout)),
        options_(options),
        schedule_(options.detect_every, options.tiles),
        close_search_(options.tiles) {}

  [[nodiscard]] TrackedFaces update(const ImageView& image, double timestamp_s);
  void reset();

  [[nodiscard]] int num_landmarks() const { return static_cast<int>(layout_.mobility.size()); }

 private:
  using Observation = tracking::Observation;
  using Tile = tracking::Tile;
  using Track = tracking::Track;
  using TrackState = tracking::TrackState;

  void begin(const ImageView& image, double timestamp_s);
  [[nodiscard]] double longest_step_s() const;
  // Measures the tracks where they are expected.
  void follow(const ImageView& image);
  [[nodiscard]] bool is_accepted(const Observation& observation) const;
  void lose(Track& track);
  void take(Observation&& observation);

  // Lets the detector look at a part of the frame: confirms tracks, and begins new ones.
  void look(const ImageView& image, const Tile& tile);
  // The found regions that belong to no track; marks the tracks that were found or missed.
  [[nodiscard]] std::vector<FaceRegion> confirm(std::span<const FaceRegion> found, const Tile& tile,
                                                bool is_whole);
  void miss(Track& track);
  void begin_tracks(const ImageView& image, std::span<const FaceRegion> regions, bool is_small);
  [[nodiscard]] bool is_known(const Observation& observation) const;
  // The regions of a tile in the frame, without those that an edge of the tile cuts.
  [[nodiscard]] std::vector<FaceRegion> in_frame(std::vector<FaceRegion> found,
                                                 const Tile& tile) const;
  // What the landmark network says of regions that belong to no track.
  [[nodiscard]] std::vector<Observation> observe(const ImageView& image,
                                                 std::span<const FaceRegion> regions) const;
  void begin_track(Observation&& observation, bool is_small);
  [[nodiscard]] bool is_full() const;

  // Lets the detector look at tiny faces, and search for new ones.
  void look_closely(const ImageView& image);
  // One close look, at a window or a tile.
  void look_at(const ImageView& image, const Tile& tile, int longer_side_px);
  // The found regions that belong to no track; marks the tiny faces that were found or missed.
  [[nodiscard]] std::vector<FaceRegion> weigh(std::span<const FaceRegion> found, const Tile& tile);
  void find_tiny(Track& track, const FaceRegion& found);
  void miss_tiny(Track& track);
  void return_tiny(Track& track);
  void begin_tiny_tracks(const ImageView& image, std::span<const FaceRegion> regions);

  [[nodiscard]] tracking::SceneState scene_state() const;
  void finish(const ImageView& image);

  [[nodiscard]] tracking::Placer placer() const { return {*source_, layout_, kept_presence()}; }
  [[nodiscard]] float kept_presence() const { return 0.5F * options_.presence_threshold; }

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::shared_ptr<const FaceSource> source_;
  FaceLayout layout_;
  TrackerOptions options_;
  tracking::SceneCuts cuts_;
  tracking::FinderSchedule schedule_;
  tracking::CloseSearch close_search_;
  tracking::LookBudget windows_{4};
  std::vector<Track> tracks_;
  std::int64_t next_id_ = 1;
  double now_s_ = 0.0;
  double step_s_ = 0.0;  // since the frame before, within a scene
  int width_ = 0;
  int height_ = 0;
  bool scene_begins_ = false;
  bool needs_look_ = false;
};

}  // namespace kilomark
