#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kilomark/tracker.hpp"
#include "track.hpp"

namespace kilomark::tracking {

// A region that shows less of itself in the image than this has left it.
inline constexpr float kLeastInImage = 0.25F;

// Measures faces where they are expected.
class Placer {
 public:
  // Borrows source and layout. A face of lower presence is not placed a second time.
  Placer(const FaceSource& source, const FaceLayout& layout, float least_presence)
      : source_(&source), layout_(&layout), least_presence_(least_presence) {}

  // Fills in the observations: places the landmarks in the expected regions, and where these were
  // far off, once more in the regions of the landmarks.
  void place(const ImageView& image, std::vector<Observation>& observations) const;

 private:
  // Places `regions`, which belong to the observations `rows`; all of them in order if empty.
  void place_in(const ImageView& image, std::span<const FaceRegion> regions,
                std::vector<Observation>& observations, std::span<const std::size_t> rows) const;

  const FaceSource* source_;
  const FaceLayout* layout_;
  float least_presence_;
};

}  // namespace kilomark::tracking
