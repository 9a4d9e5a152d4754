#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kilomark/api.hpp"
#include "kilomark/geometry.hpp"
#include "kilomark/image.hpp"
#include "kilomark/topology.hpp"

namespace kilomark {

// Where to look for one face: the box of its landmarks while it stands upright, which is then
// turned by `angle_deg`, clockwise in the image, around its center.
struct FaceRegion {
  Box box;
  float angle_deg = 0.0F;
  float score = 1.0F;  // of the face detector
};

// What the landmark network says of one region. Coordinates are image pixels.
struct PlacedFace {
  std::vector<Point> landmarks;  // (K, 2)
  std::vector<float> spread;     // (K,) expected error, px
  std::vector<float> depth;      // (K,) px away from the camera; empty if not predicted
  float presence = 0.0F;         // 0 to 1, whether the region holds a face
};

// What a tracker asks of a detector. All is called from the thread that calls Tracker::update().
class KILOMARK_API FaceSource {
 public:
  FaceSource() = default;
  FaceSource(const FaceSource&) = delete;
  FaceSource& operator=(const FaceSource&) = delete;
  virtual ~FaceSource() = default;

  // The regions of the faces of an image, best first.
  [[nodiscard]] virtual std::vector<FaceRegion> detect(const ImageView& image) const = 0;

  // The same for a part of a frame that the face detector sees enlarged, to `longer_side_px` along
  // its longer side. It also returns doubtful faces, of a score from kLeastCloseScore on and of any
  // presence. By default it returns none, and the tracker does not hold tiny faces.
  static constexpr float kLeastCloseScore = 0.3F;
  [[nodiscard]] virtual std::vector<FaceRegion> detect_closely(const ImageView& part,
                                                               int longer_side_px) const;

  // One face per region, in the order of the regions.
  [[nodiscard]] virtual std::vector<PlacedFace> place(
      const ImageView& image, std::span<const FaceRegion> regions) const = 0;
};

// What a tracker needs to know about the K landmarks.
struct FaceLayout {
  std::vector<float> mobility;  // (K,) 0: moves with the skull ... 1: lids and lips
  std::vector<int> groups;      // (K,) number of the contour; a contour's landmarks are neighbors
  std::vector<int> right_eye;   // indices; the line from right to left eye gives the roll.
  std::vector<int> left_eye;    // May be empty: then the roll is that of the first detection, led
                                // on by the landmarks' rotation.
  // (K,) expected noise, relative to other landmarks of the same spread; empty: 1 everywhere
  std::vector<float> noise = {};
};

// The layout of a topology, by the names of its groups: lids and groups that end in lips move freely,
// in iris, pupil, brow or oval less, and the rest moves with the skull. So do the corners of an eye.
[[nodiscard]] KILOMARK_API FaceLayout make_face_layout(const Topology& topology);

struct TrackerOptions {
  double smoothing = 1.0;           // 0: none; 1: default; 2: twice the time constants
  double memory_s = 1.0;            // how long a lost face may come back under its id
  int detect_every = 15;            // frames between looks of the face detector, if all is well
  int tiles = 0;                    // along the longer side in detailed looks; 0: by image size
  int max_faces = 0;                // 0: all
  float presence_threshold = 0.5F;  // of new faces; followed ones may have half. 0: not asked for
};

// The F faces of one frame, oldest id first. Arrays are row-major with F as first dimension.
struct TrackedFaces {
  std::vector<std::int64_t> ids;     // (F,) from 1; never used twice between two resets
  std::vector<std::int32_t> ages;    // (F,) frames since the face was first returned; 0 at first
  std::vector<Box> boxes;            // (F, 4) of the landmarks
  std::vector<float> scores;         // (F,) of the last look of the face detector
  std::vector<float> presence;       // (F,)
  std::vector<Point> landmarks;      // (F, K, 2) smoothed
  std::vector<Point> raw_landmarks;  // (F, K, 2) as the network placed them
  std::vector<float> spread;         // (F, K)
  std::vector<float> depth;          // (F, K) smoothed, px away from the camera; or empty
  std::vector<Point> velocities;     // (F, 2) of the face's center, px/s
};

// Follows the faces of one video.
//
// A face's next region comes from its last landmarks, led by their velocity. The face detector runs
// at the start, after scene cuts, when a face is lost or uncertain, and every `detect_every`
// frames. Equal frames and time stamps give equal faces.
//
// Time stamps, in seconds, may be uneven. The same one again, or one up to 1 ms later, measures the
// faces again without moving them on. So does one of up to 0.25 s before its predecessor, as decoders
// give them for frames that they reorder. One that lies further before, or more than `memory_s`
// after it, begins a new scene: all ids end. So does a frame of another size.
//
// Threads: one thread at a time may use a tracker. Many trackers may share one source if that may
// be used by many threads, as a Detector may.
class KILOMARK_API Tracker {
 public:
  // Throws Error{kInvalidInput} if an option is out of its range or the layout's sizes differ.
  Tracker(std::shared_ptr<const FaceSource> source, FaceLayout layout,
          const TrackerOptions& options);
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;
  ~Tracker();

  // Throws Error{kInvalidInput} if the time stamp is not finite, and what the source throws; the
  // tracker stays usable.
  [[nodiscard]] TrackedFaces update(const ImageView& image, double timestamp_s);

  // Forgets all faces; ids begin at 1 again.
  void reset();

  [[nodiscard]] int num_landmarks() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace kilomark
