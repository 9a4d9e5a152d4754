#include "input_checks.hpp"

#include <algorithm>
#include <cmath>

#include "kilomark/error.hpp"
#include "kilomark/limits.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

void check_probability(const char* name, float value) {
  if (!(value >= 0.0F && value <= 1.0F)) {
    fail(ErrorCode::kInvalidInput, text(name, " = ", value), "a number from 0 to 1",
         "correct the option");
  }
}

void check_box(const Box& box, const ImageView& image, std::size_t image_index, std::size_t index) {
  const auto found = [&] {
    return text("box ", index, " of image ", image_index, " = (", box.x0, ", ", box.y0, ", ",
                box.x1, ", ", box.y1, ")");
  };
  const float width = box.x1 - box.x0;
  const float height = box.y1 - box.y0;
  if (!std::isfinite(width) || !std::isfinite(height)) {
    fail(ErrorCode::kInvalidInput, found(), "finite numbers x0, y0, x1, y1", "leave the box out");
  }
  if (width < 0.0F || height < 0.0F || std::max(width, height) < 1.0F) {
    fail(ErrorCode::kInvalidInput, found(), "x1 > x0, y1 > y0 and a size of at least 1 px",
         "pass corners as x0, y0, x1, y1 (not x, y, width, height)");
  }
  if (box.x0 >= static_cast<float>(image.width) || box.y0 >= static_cast<float>(image.height) ||
      box.x1 <= 0.0F || box.y1 <= 0.0F) {
    fail(ErrorCode::kInvalidInput, found(),
         text("a box that touches the image of ", image.width, " x ", image.height, " px"),
         "leave out boxes that lie outside, and pass pixels of this very image");
  }
  const float longer = static_cast<float>(std::max(image.width, image.height));
  if (std::max(width, height) > kMaxBoxToImage * longer) {
    fail(ErrorCode::kInvalidInput, found(),
         text("a box at most ", kMaxBoxToImage, " times as long as the image of ", image.width,
              " x ", image.height, " px"),
         "pass pixels of this very image");
  }
}

void check_rows(const Regions& regions, std::size_t image_index) {
  const std::size_t rows = regions.boxes.size();
  if (regions.angles_deg.size() != rows || regions.scores.size() != rows ||
      regions.keypoints.size() != rows * kNumKeypoints) {
    fail(ErrorCode::kInvalidInput,
         text("regions of image ", image_index, " with ", rows, " boxes, ",
              regions.angles_deg.size(), " angles, ", regions.scores.size(), " scores and ",
              regions.keypoints.size(), " keypoints"),
         "an angle, a score and 5 keypoints per box", "fill every array");
  }
  const auto bad = std::ranges::find_if_not(regions.angles_deg,
                                            [](float angle) { return std::isfinite(angle); });
  if (bad != regions.angles_deg.end()) {
    fail(ErrorCode::kInvalidInput,
         text("angle ", bad - regions.angles_deg.begin(), " of image ", image_index, " = ", *bad),
         "a finite number of degrees", "pass 0 for a face whose angle is not known");
  }
}

// Two networks whose landmarks are to be blended; the second one may be null.
void check_blended(const LandmarkNetwork& network, const LandmarkNetwork* second,
                   const char* which) {
  if (second == nullptr) {
    fail(ErrorCode::kInvalidInput, "blended landmarks of one landmark network",
         text("a second one, ", which), "make the detector with one, or do not blend");
  }
  if (second->num_landmarks != network.num_landmarks) {
    fail(ErrorCode::kInvalidInput,
         text("blended landmarks of networks of ", network.num_landmarks, " and ",
              second->num_landmarks, " landmarks"),
         "two networks of the same landmarks", "load another second network, or do not blend");
  }
}

}  // namespace

void check_options(const BackendOptions& options) {
  if (options.num_threads < 0) {
    fail(ErrorCode::kInvalidInput, text("num_threads = ", options.num_threads), "0 (all) or more",
         "correct the option");
  }
  if (options.max_batch < 1 || options.max_batch > kMaxBatch) {
    fail(ErrorCode::kInvalidInput, text("max_batch = ", options.max_batch),
         text("1 to ", kMaxBatch), "correct the option");
  }
}

void check_options(const DetectOptions& options) {
  check_probability("score_threshold", options.score_threshold);
  check_probability("nms_iou", options.nms_iou);
  check_probability("presence_threshold", options.presence_threshold);
  if (options.max_faces < 0) {
    fail(ErrorCode::kInvalidInput, text("max_faces = ", options.max_faces), "0 (all) or more",
         "correct the option");
  }
  if (options.finder_tiles < 0 || options.finder_tiles > kMaxFinderTiles) {
    fail(ErrorCode::kInvalidInput, text("finder_tiles = ", options.finder_tiles),
         text("0 (auto) or 1 to ", kMaxFinderTiles), "correct the option");
  }
  if (options.finder_size < 0 || options.finder_size > kMaxInputSide) {
    fail(ErrorCode::kInvalidInput, text("finder_size = ", options.finder_size),
         text("0 (auto) or 1 to ", kMaxInputSide, " px"), "correct the option");
  }
}

void check_options(const PlaceOptions& options, const LandmarkNetwork& network,
                   const LandmarkNetwork* rescorer, const LandmarkNetwork* companion) {
  if (options.views != 1 && options.views != 2) {
    fail(ErrorCode::kInvalidInput, text("views = ", options.views), "1 or 2",
         "pass 2 to average each face with its mirror image");
  }
  if (options.views == 2 && network.mirror.empty()) {
    fail(ErrorCode::kInvalidInput, "views = 2 for a landmark network without a mirror",
         "a network whose manifest names each landmark's mirror partner",
         "pass views = 1, or add mirror to the manifest");
  }
  if (options.blends) {
    check_blended(network, rescorer, "which rescores");
  }
  if (options.uses_companion) {
    check_blended(network, companion, "the companion");
    if (options.views == 2 && companion->mirror.empty()) {
      fail(ErrorCode::kInvalidInput, "views = 2 for a companion without a mirror",
           "a companion whose manifest names each landmark's mirror partner",
           "pass views = 1, or add mirror to the companion's manifest");
    }
  }
}

void check_regions(std::span<const Regions> regions, std::span<const ImageView> images,
                   std::size_t row_bytes) {
  if (regions.size() != images.size()) {
    fail(ErrorCode::kInvalidInput, text("boxes for ", regions.size(), " images"),
         text("boxes for ", images.size(), " images"), "pass one array of boxes per image");
  }
  std::size_t total = 0;
  for (std::size_t i = 0; i < images.size(); ++i) {
    check_rows(regions[i], i);
    for (std::size_t row = 0; row < regions[i].size(); ++row) {
      check_box(regions[i].boxes[row], images[i], i, row);
    }
    total += regions[i].size();
  }
  const std::size_t most = std::min(kMaxRegionsPerCall, kMaxResultBytes / row_bytes);
  if (total > most) {
    fail(ErrorCode::kInvalidInput, text(total, " boxes in one call"),
         text("at most ", most, ", whose landmarks fit in ", kMaxResultBytes >> 20, " MiB"),
         "pass them in several calls");
  }
}

}  // namespace kilomark
