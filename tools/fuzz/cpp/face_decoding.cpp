// Any numbers as the output of the face detector: every face is finite, has an area and touches the
// image.

#include "face_decoding.hpp"

#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "face_selection.hpp"
#include "kilomark/error.hpp"

namespace {

using namespace kilomark;

std::vector<float> floats(FuzzedDataProvider& bytes, std::size_t count) {
  std::vector<float> values(count);
  bytes.ConsumeData(values.data(), count * sizeof(float));
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider bytes(data, size);
  constexpr std::array kStrides{16, 32};
  const FinderGrid grid{32, 32, kStrides};
  constexpr std::size_t kCells = 5;
  ImageView image;
  image.width = bytes.ConsumeIntegralInRange(1, kMaxImageSide);
  image.height = bytes.ConsumeIntegralInRange(1, kMaxImageSide);
  DetectOptions options;
  options.score_threshold = bytes.ConsumeFloatingPointInRange<float>(0.0F, 1.0F);
  options.nms_iou = bytes.ConsumeFloatingPointInRange<float>(0.0F, 1.0F);
  options.max_faces = bytes.ConsumeIntegralInRange(0, 4);
  const std::vector<float> scores = floats(bytes, kCells);
  const std::vector<float> distances = floats(bytes, 4 * kCells);
  const std::vector<float> keypoints = floats(bytes, 10 * kCells);
  const std::vector<FoundFace> faces =
      merge_cells(decode_cells({scores, distances, keypoints}, grid,
                               Crop::letterbox(image.width, image.height, 32, 32), image,
                               options.score_threshold),
                  options);
  for (const FoundFace& face : faces) {
    const Box& box = face.box;
    const bool is_finite = std::isfinite(box.x0) && std::isfinite(box.y0) &&
                           std::isfinite(box.x1) && std::isfinite(box.y1);
    if (!is_finite || !(box.x1 > box.x0 && box.y1 > box.y0) || !std::isfinite(face.score) ||
        !std::isfinite(keypoint_angle_deg(face.keypoints))) {
      __builtin_trap();
    }
  }
  return 0;
}
