#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kilomark/backend.hpp"
#include "kilomark/geometry.hpp"
#include "kilomark/image.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

struct PredictOptions {
  float score_threshold = 0.5F;  // of found faces
  float nms_iou = 0.4F;          // found boxes that overlap more are one face, at their mean
  int max_faces = 0;             // per image, the finder's best first; 0: all
  // Of found faces. Above 0, presence counts in the score too and is asked of what the finder is
  // less sure of than score_threshold, and faces whose landmarks overlap by more than nms_iou are
  // one; at 0 the finder decides alone.
  float presence_threshold = 0.0F;
  // 2 and more: the finder also looks at parts of the image, as many along its longer side
  int finder_tiles = 1;
};

// The F faces of one image, each array row-major with F as its first dimension. All coordinates are
// image pixels.
struct Detections {
  std::vector<Box> boxes;        // (F, 4), as found or as given
  std::vector<float> scores;     // (F,), by finder and presence; 1 for given boxes
  std::vector<Point> keypoints;  // (F, 5, 2), NaN for given boxes
  std::vector<Point> landmarks;  // (F, K, 2)
  std::vector<float> spread;     // (F, K)
  std::vector<float> presence;   // (F,)
};

// Wall-clock time of each stage of one call, summed over its batches.
struct StageTimes {
  double letterbox_ms = 0.0;  // frames to finder input
  double find_ms = 0.0;       // finder network
  double decode_ms = 0.0;     // finder output to boxes, with non-maximum suppression
  double crop_ms = 0.0;       // faces to landmark input
  double infer_ms = 0.0;      // landmark network
  double map_ms = 0.0;        // landmarks to image pixels
  double total_ms = 0.0;
};

struct Prediction {
  std::vector<Detections> images;  // one per image, in order
  StageTimes times;
};

// Finds the faces of images and places their landmarks.
//
// Threads: a Detector may be used from several threads at once. Given boxes are never dropped, so
// their results stand in their order; found faces come best score first. All faces of all images of
// a call share the batches.
class Detector {
 public:
  // Without `finder`, predict() needs boxes. Throws as make_backend(), and Error{kInvalidInput} for
  // bad options.
  Detector(const LandmarkNetwork& landmarks, const FinderNetwork* finder,
           const BackendOptions& options);
  // On a backend that has loaded these networks already and takes batches of up to `max_batch`.
  Detector(const LandmarkNetwork& landmarks, const FinderNetwork* finder,
           std::unique_ptr<Backend> backend, int max_batch);
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;
  ~Detector();

  // Finds faces, then places landmarks. Each face is cropped upright, by the line through its eyes.
  [[nodiscard]] Prediction predict(std::span<const ImageView> images,
                                   const PredictOptions& options) const;

  // Places landmarks in the given boxes, one span per image, cropped without rotation. A box must
  // be finite, at least 1 px wide or high, and touch its image: Error{kInvalidInput} otherwise.
  [[nodiscard]] Prediction predict(std::span<const ImageView> images,
                                   std::span<const std::span<const Box>> boxes) const;

  // The networks alone, on normalised tensors (N, 3, H, W); outputs as in network.hpp.
  [[nodiscard]] std::vector<std::vector<float>> infer(NetworkRole role,
                                                      std::span<const float> tensors) const;

  [[nodiscard]] std::string_view device() const;
  [[nodiscard]] bool has_finder() const;
  [[nodiscard]] const NetworkInput& input(NetworkRole role) const;
  [[nodiscard]] int num_landmarks() const;
  [[nodiscard]] int num_cells() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace kilomark
