#include "face_finding.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "face_selection.hpp"
#include "finder_views.hpp"
#include "stopwatch.hpp"

namespace kilomark {

namespace {

std::vector<CropTask> views_of(std::span<const ImageView> images, const NetworkInput& input,
                               int tiles) {
  std::vector<CropTask> views;
  for (std::size_t i = 0; i < images.size(); ++i) {
    for (const Crop& view : finder_views(images[i].width, images[i].height, input, tiles)) {
      views.push_back({i, view});
    }
  }
  return views;
}

}  // namespace

std::vector<std::vector<FoundFace>> find_faces(const LoadedNetwork& loaded,
                                               const FinderNetwork& finder, const Frames& frames,
                                               const DetectOptions& options, float lowest_score,
                                               StageTimes& times) {
  Stopwatch stopwatch;
  const std::vector<CropTask> views = views_of(frames.views, finder.input, options.finder_tiles);
  const FinderGrid grid{finder.input.width, finder.input.height, finder.strides};
  std::vector<std::vector<FoundFace>> cells(frames.views.size());
  const auto decode = [&](std::size_t first, std::size_t count, const NetworkOutputs& outputs) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto& [image, view] = views[first + i];
      const FinderOutput output{outputs.of_item("scores", i), outputs.of_item("distances", i),
                                outputs.of_item("keypoints", i)};
      std::ranges::copy(decode_cells(output, grid, view, frames.views[image], lowest_score),
                        std::back_inserter(cells[image]));
    }
  };
  times.letterbox_ms += stopwatch.lap_ms();
  const BatchedTimes batches = run_in_batches(loaded, *frames.held, views, decode);
  times.letterbox_ms += batches.crop_ms;
  times.find_ms += batches.infer_ms;
  times.decode_ms += batches.use_ms;
  (void)stopwatch.lap_ms();

  std::vector<std::vector<FoundFace>> faces;
  for (std::vector<FoundFace>& found : cells) {
    faces.push_back(merge_cells(std::move(found), options));
  }
  times.decode_ms += stopwatch.lap_ms();
  return faces;
}

Regions to_regions(std::span<const FoundFace> faces) {
  Regions regions;
  for (const FoundFace& face : faces) {
    regions.boxes.push_back(face.box);
    regions.angles_deg.push_back(static_cast<float>(eye_angle_deg(face.keypoints)));
    regions.scores.push_back(face.score);
    regions.keypoints.insert(regions.keypoints.end(), face.keypoints.begin(), face.keypoints.end());
  }
  return regions;
}

}  // namespace kilomark
