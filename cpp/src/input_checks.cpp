#include "input_checks.hpp"

#include <algorithm>
#include <cmath>

#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

constexpr int kMaxBatch = 1024;
constexpr int kMaxFinderTiles = 8;

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

void check_options(const PredictOptions& options) {
  check_probability("score_threshold", options.score_threshold);
  check_probability("nms_iou", options.nms_iou);
  check_probability("presence_threshold", options.presence_threshold);
  if (options.max_faces < 0) {
    fail(ErrorCode::kInvalidInput, text("max_faces = ", options.max_faces), "0 (all) or more",
         "correct the option");
  }
  if (options.finder_tiles < 1 || options.finder_tiles > kMaxFinderTiles) {
    fail(ErrorCode::kInvalidInput, text("finder_tiles = ", options.finder_tiles),
         text("1 to ", kMaxFinderTiles), "correct the option");
  }
}

void check_boxes(std::span<const Box> boxes, const ImageView& image, std::size_t image_index) {
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    check_box(boxes[i], image, image_index, i);
  }
}

}  // namespace kilomark
