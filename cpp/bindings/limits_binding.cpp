#include "bindings.hpp"
#include "kilomark/limits.hpp"

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
}

}  // namespace kilomark::bindings
