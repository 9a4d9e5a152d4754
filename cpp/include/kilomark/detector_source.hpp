#pragma once

#include "kilomark/api.hpp"
#include "kilomark/detector.hpp"
#include "kilomark/tracker.hpp"

namespace kilomark {

// A detector as the source of a tracker. Borrows the detector, which may have many sources and must
// outlive them. The frames of one video are placed by the same networks as single images.
class KILOMARK_API DetectorSource final : public FaceSource {
 public:
  // `options` are those of every look of the face detector; finder_tiles is not used, since the
  // tracker divides the looks itself.
  DetectorSource(const Detector& detector, const DetectOptions& options,
                 const PlaceOptions& place_options = {});

  [[nodiscard]] std::vector<FaceRegion> detect(const ImageView& image) const final;
  [[nodiscard]] std::vector<FaceRegion> detect_closely(const ImageView& part,
                                                       int longer_side_px) const final;
  [[nodiscard]] std::vector<PlacedFace> place(const ImageView& image,
                                              std::span<const FaceRegion> regions) const final;

 private:
  [[nodiscard]] std::vector<FaceRegion> detect_by(const ImageView& image,
                                                  const DetectOptions& options) const;

  const Detector* detector_;
  DetectOptions options_;
  PlaceOptions place_options_;
};

// A tracker of one video by a detector that was made from bundles, with the detector's default
// options. Borrows the detector, which may have many trackers and must outlive them.
[[nodiscard]] KILOMARK_API Tracker make_tracker(const Detector& detector,
                                                TrackerOptions options = {});

}  // namespace kilomark
