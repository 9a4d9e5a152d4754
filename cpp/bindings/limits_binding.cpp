#include "bindings.hpp"
#include "kilomark/limits.hpp"
#include "kilomark/tracker_limits.hpp"

namespace kilomark::bindings {

void bind_limits(pybind11::module_& module) {
  module.attr("MAX_IMAGE_SIDE") = kMaxImageSide;
  module.attr("MAX_INPUT_SIDE") = kMaxInputSide;
  module.attr("MAX_BATCH") = kMaxBatch;
  module.attr("MAX_LANDMARKS") = kMaxLandmarks;
  module.attr("MAX_STRIDES") = kMaxStrides;
  module.attr("MAX_STRIDE") = kMaxStride;
  module.attr("MAX_CROP_SCALE") = kMaxCropScale;
  module.attr("MAX_FINDER_TILES") = kMaxFinderTiles;
  module.attr("MAX_FACES_PER_IMAGE") = kMaxFacesPerImage;
  module.attr("MAX_REGIONS_PER_CALL") = kMaxRegionsPerCall;
  module.attr("MAX_RESULT_BYTES") = kMaxResultBytes;
  module.attr("MAX_BOX_TO_IMAGE") = kMaxBoxToImage;
  module.attr("MAX_SMOOTHING") = kMaxSmoothing;
  module.attr("MAX_MEMORY_SECONDS") = kMaxMemorySeconds;
  module.attr("MAX_TRACKER_TILES") = kMaxTrackerTiles;
}

}  // namespace kilomark::bindings
