#include "eye_placing.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kilomark/error.hpp"
#include "landmark_weights.hpp"
#include "stopwatch.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

constexpr float kLeastWidthPx = 1.0F;
constexpr float kMostWidthPx = 65536.0F;

// The corners of an eye in the image.
struct Corners {
  Point outer;
  Point inner;

  [[nodiscard]] float width() const { return std::hypot(inner.x - outer.x, inner.y - outer.y); }
  [[nodiscard]] Point middle() const {
    return {0.5F * (outer.x + inner.x), 0.5F * (outer.y + inner.y)};
  }
};

Corners corners_of(std::span<const Point> landmarks, const EyeNetwork& eyes, bool is_left) {
  const std::vector<int>& of_face = is_left ? eyes.left : eyes.right;
  const auto corner = [&](int k) {
    return landmarks[static_cast<std::size_t>(of_face[static_cast<std::size_t>(k)])];
  };
  return {corner(eyes.corners[0]), corner(eyes.corners[1])};
}

bool is_inside(const Point& point, const ImageView& image) {
  return point.x >= 0.0F && point.x <= static_cast<float>(image.width) && point.y >= 0.0F &&
         point.y <= static_cast<float>(image.height);
}

// In the crop of a left eye, which is mirrored, its outer corner is to the left too.
Crop crop_around(const Corners& corners, float widest_px, const LandmarkNetwork& network,
                 bool is_left) {
  const Point& from = is_left ? corners.inner : corners.outer;
  const Point& to = is_left ? corners.outer : corners.inner;
  const double angle_deg =
      std::atan2(static_cast<double>(to.y - from.y), static_cast<double>(to.x - from.x)) * 180.0 /
      std::numbers::pi;
  const Crop crop = Crop::around(corners.middle(), network.crop_scale * widest_px, angle_deg,
                                 network.input.width, network.input.height);
  return is_left ? crop.mirrored() : crop;
}

// `faces` may be const, and the landmarks are then too.
auto landmarks_of(auto& faces, std::size_t row) {
  const std::size_t count = faces.landmarks.size() / faces.size();
  return std::span(faces.landmarks).subspan(row * count, count);
}

// Blends one eye of the network's outputs into its face.
class EyeBlender {
 public:
  EyeBlender(const EyeNetwork& eyes, const NetworkOutputs& outputs)
      : eyes_(eyes), outputs_(outputs), most_px_(most_output_px(eyes.network.input)) {}

  void blend(std::size_t item, const EyePlace& eye, Detections& faces) const {
    check(item, eye);
    const std::span<const float> placed = outputs_.of_item("landmarks", item);
    const std::span<const float> spread = outputs_.of_item("spread", item);
    const std::span<Point> landmarks = landmarks_of(faces, eye.row);
    const std::vector<int>& of_face = eye.is_left ? eyes_.left : eyes_.right;
    const auto per_px = static_cast<float>(eye.crop.scale());
    for (std::size_t k = 0; k < of_face.size(); ++k) {
      const auto landmark = static_cast<std::size_t>(of_face[k]);
      const float own_spread = faces.spread[eye.row * landmarks.size() + landmark];
      const float spread_px = spread[k] * per_px;
      const float weight =
          eye.gate * share_of_other(own_spread, spread_px, eyes_.rule.spread_factor);
      const Point point = eye.crop.to_image({placed[2 * k], placed[2 * k + 1]});
      landmarks[landmark].x = blend_values(landmarks[landmark].x, point.x, weight);
      landmarks[landmark].y = blend_values(landmarks[landmark].y, point.y, weight);
    }
    faces.landmark_boxes[eye.row] = box_around(landmarks);
  }

 private:
  void check(std::size_t item, const EyePlace& eye) const {
    const auto is_near = [&](float value) { return std::abs(value) <= most_px_; };  // not NaN
    if (!std::ranges::all_of(outputs_.of_item("landmarks", item), is_near) ||
        !std::ranges::all_of(outputs_.of_item("spread", item), is_near)) {
      fail(ErrorCode::kInference,
           text("landmarks of the ", eye.is_left ? "left" : "right", " eye of face ", eye.row,
                " of image ", eye.image, " that are not finite or far outside of their crop"),
           "landmarks near the crop", "check the eye network with this image; it may be damaged");
    }
  }

  const EyeNetwork& eyes_;
  const NetworkOutputs& outputs_;
  float most_px_;
};

}  // namespace

std::vector<EyePlace> eye_places(std::span<const Detections> images,
                                 std::span<const ImageView> views, const EyeNetwork& eyes) {
  std::vector<EyePlace> places;
  for (std::size_t i = 0; i < images.size(); ++i) {
    for (std::size_t row = 0; row < images[i].size(); ++row) {
      const std::span<const Point> landmarks = landmarks_of(images[i], row);
      const Corners both[] = {corners_of(landmarks, eyes, false),
                              corners_of(landmarks, eyes, true)};
      const float widest = std::max(both[0].width(), both[1].width());
      if (!(widest >= kLeastWidthPx && widest <= kMostWidthPx)) {
        continue;
      }
      for (const bool is_left : {false, true}) {
        const Corners& corners = both[is_left ? 1 : 0];
        const float gate = std::min((corners.width() / widest - eyes.rule.width_from) /
                                        (eyes.rule.width_to - eyes.rule.width_from),
                                    1.0F);
        if (gate > 0.0F && is_inside(corners.middle(), views[i])) {
          places.push_back(
              {i, row, is_left, gate, crop_around(corners, widest, eyes.network, is_left)});
        }
      }
    }
  }
  return places;
}

void place_eyes(const LoadedNetwork& loaded, const EyeNetwork& eyes, const Frames& frames,
                std::vector<Detections>& images, PlacingTimes& times) {
  Stopwatch stopwatch;
  const std::vector<EyePlace> places = eye_places(images, frames.views, eyes);
  std::vector<CropTask> tasks;
  for (const EyePlace& eye : places) {
    tasks.push_back({eye.image, eye.crop});
  }
  times.map_ms += stopwatch.lap_ms();
  const auto blend = [&](std::size_t first, std::size_t count, const NetworkOutputs& outputs) {
    const EyeBlender blender(eyes, outputs);
    for (std::size_t i = 0; i < count; ++i) {
      const EyePlace& eye = places[first + i];
      blender.blend(i, eye, images[eye.image]);
    }
  };
  const BatchedTimes batches = run_in_batches(loaded, *frames.held, tasks, blend);
  times.crop_ms += batches.crop_ms;
  times.infer_ms += batches.infer_ms;
  times.map_ms += batches.use_ms;
}

}  // namespace kilomark
