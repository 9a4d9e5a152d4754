#pragma once

#include <array>
#include <optional>
#include <vector>

#include "kilomark/image.hpp"
#include "kilomark/tracker.hpp"
#include "similarity.hpp"

namespace kilomark::tracking {

// A small gray picture of a face, with which the face's motion to the next frame is measured before
// the landmark network looks: networks place landmarks differently by up to a pixel in crops that
// differ by half a pixel, so the crop must move exactly with the face.
//
// Method: inverse compositional image alignment (Baker and Matthews 2004) over shift, scale and
// roll, coarse to fine, on pictures of mean 0 and standard deviation 1, so that light does not
// matter.
class FacePatch {
 public:
  // Reads the region's pixels. The image lies in host memory.
  FacePatch(const ImageView& image, const FaceRegion& region);

  // The motion of the face into `image`, frame to frame, near `guess`; none if the face does not
  // look alike there.
  [[nodiscard]] std::optional<Similarity> motion_to(const ImageView& image,
                                                    const Similarity& guess) const;

 private:
  struct Level {
    int side = 0;                               // grid points each way
    int taps = 0;                               // pixels sampled each way at a grid point
    std::vector<float> gray;                    // normalized
    std::vector<std::array<float, 4>> descent;  // of each point: inverse Hessian times gradient
  };

  [[nodiscard]] float refine(const ImageView& image, const Level& level, const Similarity& guess,
                             Similarity& in_patch) const;

  Similarity to_image_;        // patch coordinates, -1 to 1, to the image
  std::vector<Level> levels_;  // coarse to fine; empty if the region has no contrast
};

}  // namespace kilomark::tracking
