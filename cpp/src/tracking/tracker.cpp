#include "kilomark/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "finder_schedule.hpp"
#include "kilomark/error.hpp"
#include "scene_cuts.hpp"
#include "text.hpp"
#include "track.hpp"

namespace kilomark {

namespace {

using tracking::change_between;
using tracking::Observation;
using tracking::region_of;
using tracking::RegionChange;
using tracking::Tile;
using tracking::Track;
using tracking::TrackState;

// A crop that is further off than this from where the landmarks are is cropped again.
constexpr RegionChange kFarOff{0.06F, 0.10F, 8.0F};

// A face that moved further than this from where it was expected must be seen by the detector too.
constexpr RegionChange kLeap{0.35F, 0.35F, 45.0F};

constexpr float kLeastInImage = 0.25F;  // of a region, else the face has left
constexpr float kSureScore = 0.75F;     // of a new face that is returned at once
constexpr float kSurePresence = 0.9F;   // holds a face that the detector misses
constexpr float kWeakPresence = 0.6F;   // of a followed face that the detector looks at soon
constexpr float kBackPresence = 0.7F;   // of a lost face found again where it was expected
constexpr int kRetryFrames = 5;         // in which a lost face is looked for there
constexpr int kLooksMissed = 3;
constexpr float kSmallShare = 0.1F;  // of the frame's shorter side
constexpr float kEdgeShare = 0.02F;  // a face that near to a tile's edge is cut by it
constexpr float kSameFace = 0.35F;   // overlap
constexpr double kLongestRepeatS = 1e-3;

bool exceeds(const RegionChange& change, const RegionChange& limit) {
  return change.shift > limit.shift || change.log_scale > limit.log_scale ||
         change.angle_deg > limit.angle_deg;
}

bool covers(const Tile& tile, const Box& box) {
  return box.x0 >= static_cast<float>(tile.x) && box.y0 >= static_cast<float>(tile.y) &&
         box.x1 <= static_cast<float>(tile.x + tile.width) &&
         box.y1 <= static_cast<float>(tile.y + tile.height);
}

bool is_same_face(const FaceRegion& a, const FaceRegion& b) {
  const RegionChange change = change_between(a, b);
  return tracking::overlap_of(a.box, b.box) > kSameFace ||
         (change.shift < 0.25F && change.log_scale < 0.7F);
}

void check(const FaceLayout& layout, const TrackerOptions& options) {
  const auto fail_option = [](const char* name, double value, const char* expected) {
    fail(ErrorCode::kInvalidInput, text(name, " ", value), expected, "choose another value");
  };
  if (!(options.smoothing >= 0.0 && options.smoothing <= 100.0)) {
    fail_option("smoothing", options.smoothing, "0 to 100");
  }
  if (!(options.memory_s >= 0.0 && options.memory_s <= 3600.0)) {
    fail_option("memory_s", options.memory_s, "0 to 3600 seconds");
  }
  if (options.detect_every < 1) {
    fail_option("detect_every", options.detect_every, "1 and more frames");
  }
  if (options.tiles < 0 || options.tiles > 8) {
    fail_option("tiles", options.tiles, "0 to 8");
  }
  if (options.max_faces < 0) {
    fail_option("max_faces", options.max_faces, "0 and more");
  }
  if (!(options.presence_threshold >= 0.0F && options.presence_threshold <= 1.0F)) {
    fail_option("presence_threshold", static_cast<double>(options.presence_threshold), "0 to 1");
  }
  if (layout.mobility.empty() || layout.groups.size() != layout.mobility.size()) {
    fail(ErrorCode::kInvalidInput,
         text(layout.mobility.size(), " mobilities and ", layout.groups.size(), " groups"),
         "one of each per landmark", "describe all landmarks");
  }
  for (const std::vector<int>* eye : {&layout.right_eye, &layout.left_eye}) {
    for (const int index : *eye) {
      if (index < 0 || static_cast<std::size_t>(index) >= layout.mobility.size()) {
        fail(ErrorCode::kInvalidInput, text("landmark ", index, " of an eye"),
             text("0 to ", layout.mobility.size() - 1), "name landmarks of the network");
      }
    }
  }
}

}  // namespace

class Tracker::Implementation {
 public:
  Implementation(std::shared_ptr<const FaceSource> source, FaceLayout layout,
                 const TrackerOptions& options)
      : source_(std::move(source)),
        layout_(std::move(layout)),
        options_(options),
        schedule_(options.detect_every, options.tiles) {}

  TrackedFaces update(const ImageView& image, double timestamp_s) {
    check_image(image);
    if (!std::isfinite(timestamp_s)) {
      fail(ErrorCode::kInvalidInput, text("time stamp ", timestamp_s), "a finite number of seconds",
           "pass the frame's time");
    }
    begin(image, timestamp_s);
    follow(image);
    if (const auto tile = schedule_.next(image.width, image.height, state_of(image))) {
      look(image, *tile);
    }
    finish(image);
    return faces();
  }

  void reset() {
    tracks_.clear();
    cuts_.reset();
    schedule_.reset();
    next_id_ = 1;
    width_ = height_ = 0;
  }

  [[nodiscard]] int num_landmarks() const { return static_cast<int>(layout_.mobility.size()); }

 private:
  void begin(const ImageView& image, double timestamp_s) {
    const bool is_first = width_ == 0;
    const double step = is_first ? 0.0 : timestamp_s - now_s_;
    const bool is_resized = image.width != width_ || image.height != height_;
    if (is_resized) {
      cuts_.reset();
    }
    const bool is_cut = cuts_.is_cut(image);
    scene_begins_ = is_first || is_resized || is_cut || step < 0.0 || step > longest_step_s();
    if (scene_begins_) {
      tracks_.clear();
    }
    width_ = image.width;
    height_ = image.height;
    now_s_ = timestamp_s;
    needs_look_ = scene_begins_;
    std::erase_if(tracks_, [&](const Track& track) {
      return track.state == TrackState::kLost && now_s_ - track.seen_s > options_.memory_s;
    });
  }

  [[nodiscard]] double longest_step_s() const {
    return std::max(options_.memory_s, kLongestRepeatS);
  }

  // Measures the tracks where they are expected.
  void follow(const ImageView& image) {
    std::vector<Observation> observations;
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
      Track& track = tracks_[i];
      if (track.state == TrackState::kLost && ++track.frames_lost > kRetryFrames) {
        continue;
      }
      const FaceRegion expected = track.expected_in(image, now_s_);
      if (tracking::share_in_image(expected.box, width_, height_) < kLeastInImage) {
        lose(track);
      } else {
        observations.push_back({i, expected, {}, {}, {}});
      }
    }
    place(image, observations);
    for (Observation& observation : observations) {
      if (!is_accepted(observation)) {
        lose(tracks_[observation.track]);
        observation.track = kNone;
      }
    }
    std::erase_if(observations, [](const Observation& item) { return item.track == kNone; });
    for (const std::size_t index : tracking::duplicates(observations)) {
      lose(tracks_[observations[index].track]);
      observations[index].track = kNone;
    }
    for (Observation& observation : observations) {
      if (observation.track != kNone) {
        take(std::move(observation));
      }
    }
  }

  // Fills in the observations: places the landmarks in the expected regions, and where these were
  // far off, once more in the regions of the landmarks.
  void place(const ImageView& image, std::vector<Observation>& observations) const {
    std::vector<FaceRegion> regions;
    for (const Observation& observation : observations) {
      regions.push_back(observation.expected);
    }
    place_in(image, regions, observations, {});
    std::vector<std::size_t> again;
    regions.clear();
    for (std::size_t i = 0; i < observations.size(); ++i) {
      const Observation& observation = observations[i];
      if (exceeds(observation.change, kFarOff) && observation.face.presence >= kept_presence() &&
          tracking::share_in_image(observation.region.box, width_, height_) >= kLeastInImage) {
        again.push_back(i);
        regions.push_back(observation.region);
      }
    }
    place_in(image, regions, observations, again);
  }

  // Places `regions`, which belong to the observations `rows`; all of them in order if empty.
  void place_in(const ImageView& image, std::span<const FaceRegion> regions,
                std::vector<Observation>& observations, std::span<const std::size_t> rows) const {
    if (regions.empty()) {
      return;
    }
    std::vector<PlacedFace> faces = source_->place(image, regions);
    for (std::size_t i = 0; i < faces.size(); ++i) {
      Observation& observation = observations[rows.empty() ? i : rows[i]];
      observation.face = std::move(faces[i]);
      observation.region =
          region_of(observation.face.landmarks, layout_, observation.expected.angle_deg);
      observation.change = change_between(observation.expected, observation.region);
    }
  }

  [[nodiscard]] float kept_presence() const { return 0.5F * options_.presence_threshold; }

  [[nodiscard]] bool is_accepted(const Observation& observation) const {
    const bool was_lost = tracks_[observation.track].state == TrackState::kLost;
    const float least = was_lost && options_.presence_threshold > 0.0F
                            ? std::max(kBackPresence, kept_presence())
                            : kept_presence();
    return observation.face.presence >= least &&
           !(was_lost && exceeds(observation.change, kLeap)) &&
           tracking::share_in_image(observation.region.box, width_, height_) >= kLeastInImage;
  }

  void lose(Track& track) {
    if (track.state != TrackState::kLost) {
      track.frames_lost = 0;
      needs_look_ = true;
    }
    track.state = track.id == 0 ? TrackState::kTentative : TrackState::kLost;
    track.is_dropped = track.id == 0;
  }

  void take(Observation&& observation) {
    Track& track = tracks_[observation.track];
    const bool leapt = exceeds(observation.change, kLeap);
    track.is_leaping = leapt;
    needs_look_ |= leapt;
    track.measure(std::move(observation.face), layout_, now_s_);
    if (track.state == TrackState::kLost) {
      track.state = TrackState::kVisible;
    }
    needs_look_ |= track.state == TrackState::kTentative;
  }

  [[nodiscard]] tracking::SceneState state_of(const ImageView& image) const {
    tracking::SceneState state;
    state.scene_begins = scene_begins_;
    state.needs_look = needs_look_;
    const auto small = kSmallShare * static_cast<float>(std::min(image.width, image.height));
    for (const Track& track : tracks_) {
      if (track.state == TrackState::kLost) {
        state.needs_care = true;
        if (state.frames_since_loss < 0 || track.frames_lost < state.frames_since_loss) {
          state.frames_since_loss = track.frames_lost;
        }
        continue;
      }
      ++state.num_faces;
      state.needs_care |= track.face.presence < kWeakPresence ||
                          tracking::side_of(track.region.box) < small || track.is_small;
    }
    return state;
  }

  // Lets the detector look at a part of the frame: confirms tracks, and begins new ones.
  void look(const ImageView& image, const Tile& tile) {
    const bool is_whole = tile.width == width_ && tile.height == height_;
    std::vector<FaceRegion> found = source_->detect(part_of(image, tile));
    for (FaceRegion& region : found) {
      region.box = {
          region.box.x0 + static_cast<float>(tile.x), region.box.y0 + static_cast<float>(tile.y),
          region.box.x1 + static_cast<float>(tile.x), region.box.y1 + static_cast<float>(tile.y)};
    }
    std::erase_if(found, [&](const FaceRegion& region) { return is_cut_by(tile, region.box); });
    const std::vector<FaceRegion> unknown = confirm(found, tile, is_whole);
    begin_tracks(image, unknown, !is_whole);
  }

  // Whether an edge of the tile that lies within the frame cuts the box.
  [[nodiscard]] bool is_cut_by(const Tile& tile, const Box& box) const {
    const float near = kEdgeShare * static_cast<float>(std::max(tile.width, tile.height));
    return (tile.x > 0 && box.x0 < static_cast<float>(tile.x) + near) ||
           (tile.y > 0 && box.y0 < static_cast<float>(tile.y) + near) ||
           (tile.x + tile.width < width_ &&
            box.x1 > static_cast<float>(tile.x + tile.width) - near) ||
           (tile.y + tile.height < height_ &&
            box.y1 > static_cast<float>(tile.y + tile.height) - near);
  }

  // The found regions that are no track's; marks the tracks that were found or missed.
  std::vector<FaceRegion> confirm(std::span<const FaceRegion> found, const Tile& tile,
                                  bool is_whole) {
    std::vector<bool> known(found.size(), false);
    for (Track& track : tracks_) {
      if (track.state == TrackState::kLost || track.is_dropped) {
        continue;
      }
      bool is_found = false;
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (is_same_face(track.region, found[i])) {
          known[i] = true;
          track.score = is_found ? std::max(track.score, found[i].score) : found[i].score;
          is_found = true;
        }
      }
      if (is_found) {
        track.looks_missed = 0;
        track.is_leaping = false;
        track.is_small &= !is_whole;
        track.state = TrackState::kVisible;
      } else if (covers(tile, track.region.box) && !(is_whole && track.is_small)) {
        miss(track);
      }
    }
    std::vector<FaceRegion> unknown;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!known[i]) {
        unknown.push_back(found[i]);
      }
    }
    return unknown;
  }

  void miss(Track& track) {
    ++track.looks_missed;
    const bool is_sure = options_.presence_threshold > 0.0F && track.face.presence >= kSurePresence;
    if (track.is_leaping || track.state == TrackState::kTentative ||
        (track.looks_missed >= kLooksMissed && !is_sure)) {
      lose(track);
    }
  }

  void begin_tracks(const ImageView& image, std::span<const FaceRegion> regions, bool is_small) {
    std::vector<Observation> observations;
    for (const FaceRegion& region : regions) {
      observations.push_back({kNone, region, {}, {}, {}});
    }
    place(image, observations);
    for (Observation& observation : observations) {
      if (observation.face.presence >= options_.presence_threshold && !is_known(observation)) {
        begin_track(std::move(observation), is_small);
      }
    }
  }

  [[nodiscard]] bool is_known(const Observation& observation) const {
    return std::ranges::any_of(tracks_, [&](const Track& track) {
      return track.state != TrackState::kLost && !track.is_dropped &&
             is_same_face(track.region, observation.region);
    });
  }

  void begin_track(Observation&& observation, bool is_small) {
    const float score = observation.expected.score;
    const auto lost =
        tracking::lost_track_of(tracks_, observation.face, observation.region, now_s_);
    if (!lost && is_full()) {
      return;
    }
    Track track(std::move(observation.face), layout_, options_.smoothing,
                observation.expected.angle_deg, now_s_);
    track.score = score;
    track.is_small = is_small;
    if (lost) {
      track.id = tracks_[*lost].id;
      track.age = tracks_[*lost].age;
      track.state = TrackState::kVisible;
      tracks_[*lost] = std::move(track);
    } else {
      track.state = score >= kSureScore ? TrackState::kVisible : TrackState::kTentative;
      tracks_.push_back(std::move(track));
    }
  }

  [[nodiscard]] bool is_full() const {
    const auto count = std::ranges::count_if(tracks_, [](const Track& track) {
      return track.state != TrackState::kLost && !track.is_dropped;
    });
    return options_.max_faces > 0 && count >= options_.max_faces;
  }

  void finish(const ImageView& image) {
    std::erase_if(tracks_, [](const Track& track) { return track.is_dropped; });
    for (Track& track : tracks_) {
      if (track.state != TrackState::kLost) {
        track.picture(image);
      }
      if (track.state == TrackState::kVisible && track.id == 0) {
        track.id = next_id_++;
      }
      if (track.id != 0) {
        ++track.age;
      }
    }
    std::ranges::stable_sort(tracks_, std::ranges::less{}, [](const Track& track) {
      return track.id == 0 ? std::numeric_limits<std::int64_t>::max() : track.id;
    });
  }

  [[nodiscard]] TrackedFaces faces() const {
    TrackedFaces out;
    for (const Track& track : tracks_) {
      if (track.state != TrackState::kVisible) {
        continue;
      }
      const std::vector<Point>& raw = track.face.landmarks;
      const std::vector<Point> landmarks =
          options_.smoothing == 0.0 ? raw : track.filter.landmarks();
      const std::vector<float> depth =
          options_.smoothing == 0.0 ? track.face.depth : track.filter.depth();
      out.ids.push_back(track.id);
      out.ages.push_back(track.age);
      out.boxes.push_back(box_around(landmarks));
      out.scores.push_back(track.score);
      out.presence.push_back(track.face.presence);
      out.landmarks.insert(out.landmarks.end(), landmarks.begin(), landmarks.end());
      out.raw_landmarks.insert(out.raw_landmarks.end(), raw.begin(), raw.end());
      out.spread.insert(out.spread.end(), track.face.spread.begin(), track.face.spread.end());
      out.depth.insert(out.depth.end(), depth.begin(), depth.end());
      out.velocities.push_back(track.filter.velocity());
    }
    return out;
  }

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  std::shared_ptr<const FaceSource> source_;
  FaceLayout layout_;
  TrackerOptions options_;
  tracking::SceneCuts cuts_;
  tracking::FinderSchedule schedule_;
  std::vector<Track> tracks_;
  std::int64_t next_id_ = 1;
  double now_s_ = 0.0;
  int width_ = 0;
  int height_ = 0;
  bool scene_begins_ = false;
  bool needs_look_ = false;
};

Tracker::Tracker(std::shared_ptr<const FaceSource> source, FaceLayout layout,
                 const TrackerOptions& options) {
  check(layout, options);
  implementation_ = std::make_unique<Implementation>(std::move(source), std::move(layout), options);
}

Tracker::~Tracker() = default;

TrackedFaces Tracker::update(const ImageView& image, double timestamp_s) {
  return implementation_->update(image, timestamp_s);
}

void Tracker::reset() { implementation_->reset(); }

int Tracker::num_landmarks() const { return implementation_->num_landmarks(); }

}  // namespace kilomark
