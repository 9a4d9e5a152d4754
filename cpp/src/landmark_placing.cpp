#include "landmark_placing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "stopwatch.hpp"
#include "view_averaging.hpp"

namespace kilomark {

namespace {

// One region of one frame, and its crop.
struct Place {
  std::size_t frame = 0;
  std::size_t region = 0;
};

// Landmarks are mapped straight into the rows of the result.
class Mapper {
 public:
  Mapper(const NetworkOutputs& outputs, const LandmarkNetwork& network)
      : outputs_(outputs),
        count_(static_cast<std::size_t>(network.num_landmarks)),
        most_px_(most_output_px(network.input)) {}

  // Item `item` of the outputs, from the crop, becomes row `row` of `detections`.
  void map(std::size_t item, const Crop& crop, Detections& detections, std::size_t row) const {
    const std::span<const float> landmarks = outputs_.of_item("landmarks", item);
    const std::span<Point> mapped = std::span(detections.landmarks).subspan(row * count_, count_);
    for (std::size_t k = 0; k < count_; ++k) {
      mapped[k] = crop.to_image({landmarks[2 * k], landmarks[2 * k + 1]});
    }
    detections.landmark_boxes[row] = box_around(mapped);
    scale("spread", item, crop, detections.spread, row);
    scale("depth", item, crop, detections.depth, row);
    const bool is_sound =
        std::ranges::all_of(landmarks, [&](float value) { return is_near(value); }) &&
        are_near("spread", item) && are_near("depth", item);
    const float presence = outputs_.of_item("presence", item)[0];
    const bool is_probability = presence >= -kRounding && presence <= 1.0F + kRounding;
    detections.presence[row] =
        is_sound && is_probability ? presence : std::numeric_limits<float>::quiet_NaN();
  }

 private:
  static constexpr float kRounding = 1e-3F;

  // Not NaN, and within a few inputs.
  [[nodiscard]] bool is_near(float value) const { return std::abs(value) <= most_px_; }

  [[nodiscard]] bool are_near(std::string_view output, std::size_t item) const {
    return std::ranges::all_of(outputs_.of_item(output, item),
                               [&](float value) { return is_near(value); });
  }

  void scale(std::string_view output, std::size_t item, const Crop& crop,
             std::vector<float>& values, std::size_t row) const {
    const std::span<const float> from = outputs_.of_item(output, item);
    const auto per_px = static_cast<float>(crop.scale());
    std::ranges::transform(from, values.begin() + static_cast<std::ptrdiff_t>(row * count_),
                           [&](float value) { return value * per_px; });
  }

  const NetworkOutputs& outputs_;
  std::size_t count_;
  float most_px_;
};

Crop crop_of(const Regions& regions, std::size_t row, const LandmarkNetwork& network) {
  const Box& box = regions.boxes[row];
  const double longer = longer_side(box);
  return Crop::around(center_of(box), network.crop_scale * longer, regions.angles_deg[row],
                      network.input.width, network.input.height);
}

// What the network fills in.
void resize_outputs(Detections& rows, std::size_t count, const LandmarkNetwork& network) {
  const auto landmarks = static_cast<std::size_t>(network.num_landmarks);
  rows.landmarks.resize(count * landmarks);
  rows.spread.resize(count * landmarks);
  rows.presence.resize(count);
  rows.depth.resize(network.has_depth ? count * landmarks : 0);
  rows.landmark_boxes.resize(count);
}

// Rows for all regions, whose landmarks are yet to be filled in.
Detections make_rows(const Regions& regions, const LandmarkNetwork& network) {
  Detections rows;
  for (std::size_t row = 0; row < regions.size(); ++row) {
    rows.boxes.push_back(box_in_image(regions.boxes[row], regions.angles_deg[row]));
  }
  rows.angles_deg = regions.angles_deg;
  rows.scores = regions.scores;
  rows.keypoints = regions.keypoints;
  resize_outputs(rows, regions.size(), network);
  return rows;
}

}  // namespace

float most_output_px(const NetworkInput& input) {
  constexpr float kInputs = 16.0F;
  return kInputs * static_cast<float>(std::max(input.width, input.height));
}

std::vector<CropTask> crop_tasks(std::span<const Regions> regions, const LandmarkNetwork& network,
                                 int views) {
  std::vector<CropTask> tasks;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    for (std::size_t row = 0; row < regions[i].size(); ++row) {
      const Crop crop = crop_of(regions[i], row, network);
      tasks.push_back({i, crop});
      if (views == 2) {
        tasks.push_back({i, crop.mirrored()});
      }
    }
  }
  return tasks;
}

std::vector<Detections> place_landmarks(const LoadedNetwork& loaded, const LandmarkNetwork& network,
                                        const Frames& frames, std::span<const Regions> regions,
                                        int views, PlacingTimes& times) {
  Stopwatch stopwatch;
  std::vector<Detections> images;
  std::vector<Place> places;
  const std::vector<CropTask> tasks = crop_tasks(regions, network, views);
  for (std::size_t i = 0; i < regions.size(); ++i) {
    images.push_back(make_rows(regions[i], network));
    for (std::size_t row = 0; row < regions[i].size(); ++row) {
      places.insert(places.end(), static_cast<std::size_t>(views), {i, row});
    }
  }
  Detections mirrored;
  resize_outputs(mirrored, 1, network);
  times.map_ms += stopwatch.lap_ms();
  const auto map = [&](std::size_t first, std::size_t count, const NetworkOutputs& outputs) {
    const Mapper mapper(outputs, network);
    for (std::size_t i = 0; i < count; ++i) {
      const Place& place = places[first + i];
      const Crop& crop = tasks[first + i].crop;
      if (!crop.is_mirrored()) {
        mapper.map(i, crop, images[place.frame], place.region);
        continue;
      }
      mapper.map(i, crop, mirrored, 0);  // after its face, which may be of the batch before
      average_with_mirror(images[place.frame], place.region, mirrored, network.mirror);
    }
  };
  const BatchedTimes batches = run_in_batches(loaded, *frames.held, tasks, map);
  times.crop_ms += batches.crop_ms;
  times.infer_ms += batches.infer_ms;
  times.map_ms += batches.use_ms;
  return images;
}

}  // namespace kilomark
