#include "placer.hpp"

#include <utility>

namespace kilomark::tracking {

namespace {

// A crop that is further off than this from where the landmarks are is cropped again.
constexpr RegionChange kFarOff{0.06F, 0.10F, 8.0F};

}  // namespace

void Placer::place(const ImageView& image, std::vector<Observation>& observations) const {
  std::vector<FaceRegion> regions;
  for (const Observation& observation : observations) {
    regions.push_back(observation.expected);
  }
  place_in(image, regions, observations, {});
  std::vector<std::size_t> again;
  regions.clear();
  for (std::size_t i = 0; i < observations.size(); ++i) {
    const Observation& observation = observations[i];
    if (exceeds(observation.change, kFarOff) && observation.face.presence >= least_presence_ &&
        share_in_image(observation.region.box, image.width, image.height) >= kLeastInImage) {
      again.push_back(i);
      regions.push_back(observation.region);
    }
  }
  place_in(image, regions, observations, again);
}

void Placer::place_in(const ImageView& image, std::span<const FaceRegion> regions,
                      std::vector<Observation>& observations,
                      std::span<const std::size_t> rows) const {
  if (regions.empty()) {
    return;
  }
  std::vector<PlacedFace> faces = source_->place(image, regions);
  for (std::size_t i = 0; i < faces.size(); ++i) {
    Observation& observation = observations[rows.empty() ? i : rows[i]];
    observation.face = std::move(faces[i]);
    observation.region =
        region_of(observation.face.landmarks, *layout_, observation.expected.angle_deg);
    observation.change = change_between(observation.expected, observation.region);
  }
}

}  // namespace kilomark::tracking
