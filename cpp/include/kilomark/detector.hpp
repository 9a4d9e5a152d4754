#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kilomark/api.hpp"
#include "kilomark/backend.hpp"
#include "kilomark/image.hpp"
#include "kilomark/network.hpp"
#include "kilomark/regions.hpp"
#include "kilomark/topology.hpp"

namespace kilomark {

struct PlacingTimes;

// The networks of a detector; each may be missing.
struct Networks {
  std::optional<FinderNetwork> finder;       // the face detector; detect() needs it
  std::optional<LandmarkNetwork> landmarks;  // place() needs it
  // Rescores what the face detector found; without it, the landmark network does. Its landmarks may be
  // blended with those of the landmark network.
  std::optional<LandmarkNetwork> rescorer;
  // Places faces that are hard for the landmark network.
  std::optional<CompanionNetwork> companion = {};
  // Places lids, iris and pupil of each eye anew, in every call that places landmarks.
  std::optional<EyeNetwork> eyes = {};
};

enum class NetworkRole { kFinder, kLandmarks, kRescorer, kCompanion, kEyes };

struct DetectOptions {
  float score_threshold = 0.5F;
  float nms_iou = 0.4F;  // found boxes that overlap more are one face, at their mean
  int max_faces = 0;     // per image, the finder's best first; 0: all, up to kMaxFacesPerImage
  // Whether a landmark network's presence counts in the score, by the finder's RescoringRule. Faces
  // whose landmarks overlap by more than nms_iou are then one.
  bool rescoring = false;
  float presence_threshold = 0.5F;  // of the network that rescores
  // Whether it tries sure faces of low presence upright, at a quarter turn each way and at half a
  // turn too.
  bool turns_again = true;
  // Whether the score of a small face counts the other faces of the image, by the RescoringRule. Not
  // for parts of an image, which show some of them only.
  bool weighs_company = true;
  // Longer side in pixels of the finder's input, which has the image's aspect where the backend can
  // resize the network. 0: chosen by the image and by what was found; see look_plan.hpp.
  int finder_size = 0;
  // 2 and more: the finder also looks at parts of the image, as many along its longer side.
  // 0: none, or as many as the backend needs to zoom in, if finder_size is 0 too.
  int finder_tiles = 0;
  // Called between batches. It may throw, which ends the call.
  std::function<void()> between_batches = nullptr;
  bool measures_stages = false;  // see HoldOptions
};

struct PlaceOptions {
  std::function<void()> between_batches = nullptr;  // see DetectOptions
  bool measures_stages = false;
  // 2: each face is placed in its crop and in the mirrored crop, and the mean of both counts. The
  // network needs a mirror. 1: in its crop alone.
  int views = 1;
  // Whether the network that rescores places the landmarks too, and the mean of both counts,
  // weighted by their spread. It must be a network of its own with the same landmarks. predict()
  // takes what rescoring placed already.
  bool blends = false;
  // Whether the companion places the faces that are hard by its CompanionRule, and the weighted mean
  // counts. It takes the same views. After `blends`, and in predict() after faces are selected.
  bool uses_companion = false;
};

// Of placed faces, those below detect.presence_threshold are dropped, and so are duplicates: faces
// whose landmarks overlap those of a better one by more than detect.nms_iou.
struct PredictOptions {
  DetectOptions detect;
  PlaceOptions place;
};

// What the finder saw of an image: `views` inputs of one size.
struct Look {
  int width = 0;
  int height = 0;
  int views = 0;
};

// Wall-clock time of each stage of one call, summed over its batches. The stages follow one
// another, so they add up to the total.
struct StageTimes {
  double hold_ms = 0.0;       // check the images, and upload them
  double letterbox_ms = 0.0;  // images to finder input
  double find_ms = 0.0;       // finder network
  double decode_ms = 0.0;     // finder output to boxes, with non-maximum suppression
  // Network that rescores, with its crops. 0 if predict() places by the same network: its outputs
  // are then used for both, and counted by crop_ms, infer_ms and map_ms.
  double rescore_ms = 0.0;
  double select_ms = 0.0;  // scores, thresholds, duplicates
  double crop_ms = 0.0;    // faces to landmark input
  double infer_ms = 0.0;   // landmark network, its companion, and the eye network
  double map_ms = 0.0;     // landmarks to image pixels, and those of the others blended in
  double total_ms = 0.0;
  std::vector<std::vector<Look>> looks;  // of each image
};

// One item per image, in order.
struct Detection {
  std::vector<Regions> images;
  StageTimes times;
};

struct Placement {
  std::vector<Detections> images;
  StageTimes times;
};

using Prediction = Placement;

// Images that a detector holds, so that several calls upload and check them once. The caller keeps
// their pixels.
struct Frames {
  std::vector<ImageView> views;
  std::unique_ptr<HeldImages> held;
};

// Which bundles a detector loads beside its landmark network, and where. A bundle is given by the
// name of an installed one or by its folder; see bundle.hpp.
struct DetectorOptions {
  std::string finder = "auto";     // of task "faces"; "auto": LandmarkBundle::finder; "": none
  std::string rescoring = "auto";  // of task "landmarks"; "auto": its rescorer; "": none
  bool companion = true;           // whether to load the one that the landmark bundle names
  bool eyes = true;                // the same of the eye network
  BackendOptions backend;          // its device must be "cpu": engines of a GPU are not in bundles
};

// Finds the faces of images and places their landmarks.
//
//   const kilomark::Detector detector("resnext50");
//   const kilomark::Detections faces = detector.predict(image);
//
// Threads: a Detector may be used from several threads at once. All faces of all images of a call
// share the batches.
// Errors: every call throws Error{kInvalidInput} for options, images and regions that cannot be
// worked on, and for a network that it needs and does not have.
class KILOMARK_API Detector {
 public:
  // Loads a landmark network with its face detector and the network that rescores, by the name of
  // an installed bundle ("resnext50", the most accurate; "lite", made for CPUs; "wild", for turned
  // and masked faces) or by its folder. Throws Error{kBundle} if a bundle is missing or damaged,
  // Error{kDevice} if the device cannot be used, and Error{kInvalidInput} for bad options.
  explicit Detector(const std::filesystem::path& name_or_folder,
                    const DetectorOptions& options = {});
  // Throws as make_backend(), and Error{kInvalidInput} for bad options.
  Detector(const Networks& networks, const BackendOptions& options);
  // On a backend that has loaded the specs of these networks already, those that are there in the
  // order landmarks, finder, rescorer, companion, eyes, and takes batches of up to `max_batch`.
  Detector(const Networks& networks, std::unique_ptr<Backend> backend, int max_batch);

  // Images that any calls may use. Where only place() follows, its form without hold() uploads
  // less: no more than its regions read.
  [[nodiscard]] Frames hold(std::span<const ImageView> images) const;

  // Finds faces, best first.
  [[nodiscard]] Detection detect(const Frames& frames, const DetectOptions& options) const;
  [[nodiscard]] Detection detect(std::span<const ImageView> images,
                                 const DetectOptions& options) const;

  // Places landmarks: one row per region, in order, none dropped. A region's box must be finite, at
  // least 1 px wide or high, and touch its image.
  [[nodiscard]] Placement place(const Frames& frames, std::span<const Regions> regions,
                                const PlaceOptions& options) const;
  [[nodiscard]] Placement place(std::span<const ImageView> images, std::span<const Regions> regions,
                                const PlaceOptions& options) const;

  // Detects, then places, by default_options().
  [[nodiscard]] Detections predict(const ImageView& image) const;

  // Detects, then places.
  [[nodiscard]] Prediction predict(const Frames& frames, const PredictOptions& options) const;
  [[nodiscard]] Prediction predict(std::span<const ImageView> images,
                                   const PredictOptions& options) const;

  // A network alone, on normalized tensors (N, 3, H, W): its outputs in the order of its spec.
  [[nodiscard]] std::vector<std::vector<float>> infer(NetworkRole role,
                                                      std::span<const float> tensors) const;

  [[nodiscard]] std::string_view device() const { return backend_->device(); }
  [[nodiscard]] std::uint64_t input_stream() const { return backend_->input_stream(); }
  [[nodiscard]] bool has(NetworkRole role) const;
  [[nodiscard]] const NetworkSpec& spec(NetworkRole role) const;  // without the model
  [[nodiscard]] int num_landmarks() const;                        // 0 without a landmark network

  // What each landmark stands for. It has no groups if the detector was made from Networks.
  [[nodiscard]] const Topology& topology() const { return topology_; }

  // What predict() of one image uses, to start from. Of a detector that was made from bundles: with
  // rescoring, and a low presence_threshold, because the score holds the presence already.
  [[nodiscard]] const PredictOptions& default_options() const { return default_options_; }

 private:
  struct Found;
  struct Loaded;

  Detector(Loaded loaded, const BackendOptions& options);
  [[nodiscard]] Frames hold(std::span<const ImageView> images, const HoldOptions& options) const;
  [[nodiscard]] std::size_t index_of(NetworkRole role) const;  // in the backend
  [[nodiscard]] NetworkRole rescoring_role() const;
  [[nodiscard]] Found find(const Frames& frames, const DetectOptions& options,
                           StageTimes& times) const;
  void turn_again(const Frames& frames, const DetectOptions& options, Found& found) const;
  [[nodiscard]] std::vector<Detections> place_by(NetworkRole role, const Frames& frames,
                                                 std::span<const Regions> regions,
                                                 const PlaceOptions& options,
                                                 PlacingTimes& times) const;
  void blend_companion(const Frames& frames, std::span<const Regions> regions,
                       const PlaceOptions& options, std::vector<Detections>& images,
                       PlacingTimes& times) const;
  void place_eyes(const Frames& frames, const PlaceOptions& options,
                  std::vector<Detections>& images, PlacingTimes& times) const;
  void check(const PlaceOptions& options) const;

  Networks networks_;               // without their models
  std::vector<NetworkSpec> specs_;  // without their models, in the order of the backend
  std::unique_ptr<Backend> backend_;
  int max_batch_ = 1;
  Topology topology_;
  PredictOptions default_options_;
};

}  // namespace kilomark
