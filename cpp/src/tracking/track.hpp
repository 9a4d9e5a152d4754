#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "face_filter.hpp"
#include "face_patch.hpp"
#include "face_regions.hpp"
#include "kilomark/tracker.hpp"
#include "tiny_face.hpp"

namespace kilomark::tracking {

enum class TrackState {
  kTentative,  // the detector is not sure yet; not returned
  kVisible,
  kLost,  // remembered, not returned
};

// One face over time.
struct Track {
  std::int64_t id = 0;  // 0: none yet
  TrackState state = TrackState::kTentative;
  int age = -1;  // frames since first returned
  int frames_lost = 0;
  int looks_missed = 0;     // looks of the detector that did not find it, in a row
  bool is_small = false;    // found in a tile
  bool is_leaping = false;  // it moved further than expected, and no look has confirmed it
  bool is_dropped = false;  // goes at the end of the frame
  float score = 0.0F;       // of the detector's last look that found it
  double seen_s = 0.0;      // time of `face`
  PlacedFace face;          // as last measured
  FaceRegion region;        // of its landmarks, smoothed
  FaceRegion sure_region;   // the last one whose presence was sure; a face that fades away shrinks
  FaceFilter filter;
  std::optional<FacePatch> patch;  // at `seen_s`; none of frames in GPU memory, and of tiny faces
  std::optional<TinyFace> tiny;    // of a face that close looks hold

  Track(PlacedFace first, const FaceLayout& layout, double smoothing, float angle_deg,
        double time_s);

  // Where the face is to be expected, by its velocity.
  [[nodiscard]] FaceRegion predicted(double time_s) const;

  // The same, by what the image shows there.
  [[nodiscard]] FaceRegion expected_in(const ImageView& image, double time_s) const;

  [[nodiscard]] bool is_followed() const { return state != TrackState::kLost && !is_dropped; }

  void measure(PlacedFace measured, const FaceLayout& layout, double time_s);

  // Moves a tiny face to a region, where the landmark network was not sure of it.
  void carry(const FaceRegion& to, float presence, const FaceLayout& layout, double time_s);

  // Remembers what the face looks like.
  void picture(const ImageView& image);
};

// What was measured of one track in one frame.
struct Observation {
  std::size_t track = 0;
  FaceRegion expected;
  PlacedFace face;
  FaceRegion region;    // of the landmarks
  RegionChange change;  // from expected to region
};

// Of observations that lie on one face, all but the one that came the least far from where its
// track was expected. Their indices.
[[nodiscard]] std::vector<std::size_t> duplicates(std::span<const Observation> observations);

// The lost track that a newly found face continues, if any: near its last place, or near where its
// velocity would have taken it, and of like size and shape. Distances may grow with time.
[[nodiscard]] std::optional<std::size_t> lost_track_of(std::span<const Track> tracks,
                                                       const PlacedFace& face,
                                                       const FaceRegion& region, double time_s);

}  // namespace kilomark::tracking
