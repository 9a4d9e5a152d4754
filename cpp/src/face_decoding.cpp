#include "face_decoding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace kilomark {

namespace {

// A found box this many times the image's longer side is a fault of the network, not a face.
constexpr float kMaxFoundToImage = 8.0F;

// The keypoints of the mean face of the landmark networks' topology, around their center, with eyes
// 1 apart.
constexpr std::array<Point, kNumKeypoints> kUprightFace{{{-0.5F, -0.5287F},
                                                         {0.5F, -0.5287F},
                                                         {0.0F, 0.0263F},
                                                         {-0.4084F, 0.5155F},
                                                         {0.4084F, 0.5155F}}};

bool is_plausible(const Box& box, const ImageView& image) {
  const float width = box.x1 - box.x0;
  const float height = box.y1 - box.y0;
  const auto image_width = static_cast<float>(image.width);
  const auto image_height = static_cast<float>(image.height);
  const float largest = kMaxFoundToImage * std::max(image_width, image_height);
  // Written so that NaN anywhere is false.
  return width > 0.0F && height > 0.0F && std::max(width, height) >= 1.0F && width <= largest &&
         height <= largest && box.x0 < image_width && box.y0 < image_height && box.x1 > 0.0F &&
         box.y1 > 0.0F;
}

// The part of the image that a view shows, endless where it goes as far as the image does.
Box seen_by(const Crop& view, const ImageView& image) {
  constexpr float kEndless = std::numeric_limits<float>::infinity();
  const auto margin = static_cast<float>(view.scale());
  const Point low = view.to_image({0.0F, 0.0F});
  const Point high = view.to_image(
      {static_cast<float>(view.input_width()), static_cast<float>(view.input_height())});
  return {low.x <= margin ? -kEndless : low.x, low.y <= margin ? -kEndless : low.y,
          high.x >= static_cast<float>(image.width) - margin ? kEndless : high.x,
          high.y >= static_cast<float>(image.height) - margin ? kEndless : high.y};
}

bool is_inside(const Box& box, const Box& outer) {
  return box.x0 >= outer.x0 && box.y0 >= outer.y0 && box.x1 <= outer.x1 && box.y1 <= outer.y1;
}

bool is_finite(const Point& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

FoundFace decode_cell(const FinderOutput& output, std::size_t cell, Point center,
                      const Crop& view) {
  const float* distance = &output.distances[4 * cell];
  const Point low = view.to_image({center.x - distance[0], center.y - distance[1]});
  const Point high = view.to_image({center.x + distance[2], center.y + distance[3]});
  FoundFace face;
  face.box = {low.x, low.y, high.x, high.y};
  face.score = output.scores[cell];
  const float* offset = &output.keypoints[2 * kNumKeypoints * cell];
  for (std::size_t k = 0; k < kNumKeypoints; ++k) {
    face.keypoints[k] = view.to_image({center.x + offset[2 * k], center.y + offset[2 * k + 1]});
  }
  return face;
}

}  // namespace

double keypoint_angle_deg(const std::array<Point, kNumKeypoints>& keypoints) {
  double mean_x = 0.0;
  double mean_y = 0.0;
  for (const Point& point : keypoints) {
    mean_x += point.x / double{kNumKeypoints};
    mean_y += point.y / double{kNumKeypoints};
  }
  double along = 0.0;
  double across = 0.0;
  for (std::size_t k = 0; k < kNumKeypoints; ++k) {
    const double x = keypoints[k].x - mean_x;
    const double y = keypoints[k].y - mean_y;
    along += kUprightFace[k].x * x + kUprightFace[k].y * y;
    across += kUprightFace[k].x * y - kUprightFace[k].y * x;
  }
  const double angle_deg = std::atan2(across, along) * 180.0 / std::numbers::pi;
  return std::isfinite(angle_deg) ? angle_deg : 0.0;
}

std::vector<FoundFace> decode_cells(const FinderOutput& output, const FinderGrid& grid,
                                    const Crop& view, const ImageView& image,
                                    float score_threshold) {
  const Box seen = seen_by(view, image);
  std::vector<FoundFace> found;
  std::size_t cell = 0;
  for (const int stride : grid.strides) {
    const auto step = static_cast<float>(stride);
    for (int row = 0; row < grid.height / stride; ++row) {
      for (int column = 0; column < grid.width / stride; ++column, ++cell) {
        const float score = output.scores[cell];
        if (!(score >= score_threshold && score <= 1.0F)) {  // NaN is not a face
          continue;
        }
        const Point center{(static_cast<float>(column) + 0.5F) * step,
                           (static_cast<float>(row) + 0.5F) * step};
        const FoundFace face = decode_cell(output, cell, center, view);
        if (is_plausible(face.box, image) && std::ranges::all_of(face.keypoints, is_finite) &&
            is_inside(face.box, seen)) {
          found.push_back(face);
        }
      }
    }
  }
  return found;
}

}  // namespace kilomark
