#include "kilomark/detector_source.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

namespace kilomark {

namespace {

Regions to_regions(std::span<const FaceRegion> faces) {
  constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
  Regions regions;
  for (const FaceRegion& face : faces) {
    regions.boxes.push_back(face.box);
    regions.angles_deg.push_back(face.angle_deg);
    regions.scores.push_back(face.score);
  }
  regions.keypoints.assign(faces.size() * kNumKeypoints, {kUnknown, kUnknown});
  return regions;
}

template <class Value>
std::vector<Value> row_of(const std::vector<Value>& values, std::size_t row, std::size_t size) {
  if (values.empty()) {
    return {};
  }
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * size);
  return {begin, begin + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

DetectorSource::DetectorSource(const Detector& detector, const DetectOptions& options,
                               const PlaceOptions& place_options)
    : detector_(&detector), options_(options), place_options_(place_options) {
  options_.finder_tiles = 1;
  options_.weighs_company = false;  // looks may show a part of a frame, and its faces alone
}

std::vector<FaceRegion> FaceSource::detect_closely(const ImageView& /*part*/,
                                                   int /*longer_side_px*/) const {
  return {};
}

std::vector<FaceRegion> DetectorSource::detect(const ImageView& image) const {
  return detect_by(image, options_);
}

std::vector<FaceRegion> DetectorSource::detect_closely(const ImageView& part,
                                                       int longer_side_px) const {
  DetectOptions options = options_;
  options.finder_size = longer_side_px;
  options.score_threshold = std::min(options.score_threshold, kLeastCloseScore);
  options.presence_threshold = 0.0F;
  options.turns_again = false;  // tiny faces have a low presence, turned or not
  return detect_by(part, options);
}

std::vector<FaceRegion> DetectorSource::detect_by(const ImageView& image,
                                                  const DetectOptions& options) const {
  const Detection detection = detector_->detect(std::span(&image, 1), options);
  const Regions& regions = detection.images.front();
  std::vector<FaceRegion> faces;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    faces.push_back({regions.boxes[i], regions.angles_deg[i], regions.scores[i]});
  }
  return faces;
}

std::vector<PlacedFace> DetectorSource::place(const ImageView& image,
                                              std::span<const FaceRegion> regions) const {
  const Regions given = to_regions(regions);
  const Placement placement =
      detector_->place(std::span(&image, 1), std::span(&given, 1), place_options_);
  const Detections& placed = placement.images.front();
  const auto count = static_cast<std::size_t>(detector_->num_landmarks());
  std::vector<PlacedFace> faces;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    faces.push_back({row_of(placed.landmarks, i, count), row_of(placed.spread, i, count),
                     row_of(placed.depth, i, count), placed.presence[i]});
  }
  return faces;
}

Tracker make_tracker(const Detector& detector, TrackerOptions options) {
  DetectOptions detect = detector.default_options().detect;
  if (detect.presence_threshold == 0.0F) {  // the network's presence is constant
    options.presence_threshold = 0.0F;
  }
  detect.presence_threshold = options.presence_threshold;
  return {std::make_shared<DetectorSource>(detector, detect), make_face_layout(detector.topology()),
          options};
}

}  // namespace kilomark
