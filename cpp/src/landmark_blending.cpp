#include "landmark_blending.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "landmark_weights.hpp"

namespace kilomark {

namespace {

// With 1, frontal faces of the most accurate network lose 1 % of their accuracy to the other one;
// with 1.2 they lose nothing, and profiles keep most of their gain.
constexpr float kSpreadOfOther = 1.2F;

// Depths are counted from their mean over the face.
void center(std::span<float> depth) {
  double sum = 0.0;
  for (const float value : depth) {
    sum += static_cast<double>(value);
  }
  const auto mean = static_cast<float>(sum / static_cast<double>(depth.size()));
  std::ranges::for_each(depth, [&](float& value) { value -= mean; });
}

std::size_t landmarks_per_face(const Detections& faces) {
  return faces.size() == 0 ? 0 : faces.landmarks.size() / faces.size();
}

// One row of another network, blended into a row of faces.
void blend_row(Detections& faces, std::size_t row, const Detections& others, std::size_t other_row,
               float factor, float gate) {
  const std::size_t count = landmarks_per_face(faces);
  const bool has_both_depths = !faces.depth.empty() && !others.depth.empty();
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t i = row * count + k;
    const std::size_t j = other_row * count + k;
    const float share = gate * share_of_other(faces.spread[i], others.spread[j], factor);
    Point& point = faces.landmarks[i];
    point.x = blend_values(point.x, others.landmarks[j].x, share);
    point.y = blend_values(point.y, others.landmarks[j].y, share);
    faces.spread[i] = blend_values(faces.spread[i], others.spread[j], share);
    if (has_both_depths) {
      faces.depth[i] = blend_values(faces.depth[i], others.depth[j], share);
    }
  }
  if (has_both_depths) {
    center(std::span(faces.depth).subspan(row * count, count));
  }
  faces.landmark_boxes[row] = box_around(std::span(faces.landmarks).subspan(row * count, count));
}

// Mean spread over the root of the area of the landmarks' box.
float hardness(const Detections& faces, std::size_t row) {
  const std::size_t count = landmarks_per_face(faces);
  double sum = 0.0;
  for (const float spread : std::span(faces.spread).subspan(row * count, count)) {
    sum += static_cast<double>(spread);
  }
  const Box& box = faces.landmark_boxes[row];
  const double area = static_cast<double>(box.x1 - box.x0) * static_cast<double>(box.y1 - box.y0);
  return static_cast<float>(sum / static_cast<double>(count) / std::sqrt(area));
}

}  // namespace

void blend_landmarks(Detections& faces, const Detections& others) {
  for (std::size_t row = 0; row < faces.size(); ++row) {
    blend_row(faces, row, others, row, kSpreadOfOther, 1.0F);
  }
  if (faces.depth.empty()) {
    faces.depth = others.depth;
  }
}

HardFaces hard_faces(const Detections& faces, const CompanionRule& rule) {
  HardFaces hard;
  for (std::size_t row = 0; row < faces.size(); ++row) {
    const float above = hardness(faces, row) - rule.spread_from;
    if (above > 0.0F) {  // not NaN
      hard.rows.push_back(row);
      hard.gates.push_back(std::min(above / (rule.spread_to - rule.spread_from), 1.0F));
    }
  }
  return hard;
}

void blend_companion(Detections& faces, const HardFaces& hard, const Detections& others,
                     const CompanionRule& rule) {
  for (std::size_t i = 0; i < hard.rows.size(); ++i) {
    blend_row(faces, hard.rows[i], others, i, rule.spread_factor, hard.gates[i]);
  }
}

}  // namespace kilomark
