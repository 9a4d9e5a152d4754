#include "face_finding.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "face_selection.hpp"
#include "finder_views.hpp"
#include "kilomark/limits.hpp"
#include "look_plan.hpp"
#include "stopwatch.hpp"

namespace kilomark {

namespace {

using InputSize = std::pair<int, int>;  // width, height

// One run of looks over all frames, whose cells it collects.
class Finder {
 public:
  Finder(const LoadedNetwork& loaded, const FinderNetwork& finder, const Frames& frames,
         const DetectOptions& options, float lowest_score, StageTimes& times)
      : loaded_(loaded),
        finder_(finder),
        frames_(frames),
        options_(options),
        lowest_score_(lowest_score),
        times_(times),
        is_resizable_(loaded.backend.is_resizable(loaded.index)),
        cells_(frames.views.size()) {
    times_.looks.resize(frames.views.size());
  }

  // Looks as the options say, or by the plan.
  void look() {
    const bool is_planned = options_.finder_size == 0 && options_.finder_tiles == 0;
    std::vector<std::size_t> images(frames_.views.size());
    for (std::size_t i = 0; i < images.size(); ++i) {
      images[i] = i;
    }
    for (std::size_t look = 0; !images.empty(); ++look) {
      Stopwatch stopwatch;
      std::map<InputSize, std::vector<CropTask>> views;
      for (const std::size_t image : images) {
        add_views(image, look, views);
      }
      times_.letterbox_ms += stopwatch.lap_ms();
      std::vector<std::size_t> starts;
      for (const std::size_t image : images) {
        starts.push_back(cells_[image].size());
      }
      for (const auto& [size, tasks] : views) {
        run(size, tasks);
      }
      (void)stopwatch.lap_ms();
      images = is_planned ? images_to_see_again(images, starts, look) : std::vector<std::size_t>();
      times_.decode_ms += stopwatch.lap_ms();
    }
  }

  [[nodiscard]] std::vector<std::vector<FoundFace>> take_cells() { return std::move(cells_); }

 private:
  [[nodiscard]] int first_size() const {
    return std::max(finder_.input.width, finder_.input.height);
  }

  void add_views(std::size_t image, std::size_t look,
                 std::map<InputSize, std::vector<CropTask>>& views) {
    const ImageView& view = frames_.views[image];
    const int size =
        options_.finder_size > 0 ? options_.finder_size : look_size(look, view, first_size());
    NetworkInput input = finder_.input;
    int tiles = std::max(options_.finder_tiles, 1);
    if (is_resizable_) {
      const int step = finder_.size_step();
      const Look sized =
          sized_look(view, size, options_.finder_size > 0 ? step : step_of_size(size, step));
      input.width = sized.width;
      input.height = sized.height;
    } else if (look > 0) {
      const int side = std::max(input.width, input.height);
      tiles = std::clamp((size + side - 1) / side, 2, kMaxFinderTiles);
    }
    const std::vector<Crop> crops = finder_views(view.width, view.height, input, tiles);
    // The view of the whole image is the first one, which earlier looks had.
    const std::size_t first = !is_resizable_ && look > 0 ? 1 : 0;
    for (std::size_t i = first; i < crops.size(); ++i) {
      views[{input.width, input.height}].push_back({image, crops[i]});
    }
    times_.looks[image].push_back(
        {input.width, input.height, static_cast<int>(crops.size() - first)});
  }

  void run(const InputSize& size, std::span<const CropTask> views) {
    const NetworkSpec spec = to_spec(finder_, size.first, size.second);
    const FinderGrid grid{size.first, size.second, finder_.strides};
    const auto decode = [&](std::size_t first, std::size_t count, const NetworkOutputs& outputs) {
      for (std::size_t i = 0; i < count; ++i) {
        const auto& [image, view] = views[first + i];
        const FinderOutput output{outputs.of_item("scores", i), outputs.of_item("distances", i),
                                  outputs.of_item("keypoints", i)};
        std::ranges::copy(decode_cells(output, grid, view, frames_.views[image], lowest_score_),
                          std::back_inserter(cells_[image]));
      }
    };
    const int most = static_cast<int>(kMaxBatchPixels / (spec.input_size() / 3));
    const LoadedNetwork sized{loaded_.backend, loaded_.index, spec,
                              std::clamp(most, 1, loaded_.max_batch), loaded_.between_batches};
    const BatchedTimes batches = run_in_batches(sized, *frames_.held, views, decode);
    times_.letterbox_ms += batches.crop_ms;
    times_.find_ms += batches.infer_ms;
    times_.decode_ms += batches.use_ms;
  }

  // `starts` says where the cells of the last look begin.
  [[nodiscard]] std::vector<std::size_t> images_to_see_again(std::span<const std::size_t> images,
                                                             std::span<const std::size_t> starts,
                                                             std::size_t look) const {
    std::vector<std::size_t> again;
    for (std::size_t i = 0; i < images.size(); ++i) {
      const ImageView& image = frames_.views[images[i]];
      const std::span<const FoundFace> found = std::span(cells_[images[i]]).subspan(starts[i]);
      if (look_size(look + 1, image, first_size()) > 0 &&
          should_look_again(found, look_size(look, image, first_size()), image, options_)) {
        again.push_back(images[i]);
      }
    }
    return again;
  }

  const LoadedNetwork& loaded_;
  const FinderNetwork& finder_;
  const Frames& frames_;
  const DetectOptions& options_;
  float lowest_score_;
  StageTimes& times_;
  bool is_resizable_;
  std::vector<std::vector<FoundFace>> cells_;
};

}  // namespace

std::vector<std::vector<FoundFace>> find_faces(const LoadedNetwork& loaded,
                                               const FinderNetwork& finder, const Frames& frames,
                                               const DetectOptions& options, float lowest_score,
                                               StageTimes& times) {
  Finder looking(loaded, finder, frames, options, lowest_score, times);
  looking.look();
  Stopwatch stopwatch;
  std::vector<std::vector<FoundFace>> faces;
  for (std::vector<FoundFace>& found : looking.take_cells()) {
    faces.push_back(merge_cells(std::move(found), options));
    drop_weak_candidates(faces.back(), options);
  }
  times.decode_ms += stopwatch.lap_ms();
  return faces;
}

Regions to_regions(std::span<const FoundFace> faces) {
  Regions regions;
  for (const FoundFace& face : faces) {
    regions.boxes.push_back(face.box);
    regions.angles_deg.push_back(static_cast<float>(keypoint_angle_deg(face.keypoints)));
    regions.scores.push_back(face.score);
    regions.keypoints.insert(regions.keypoints.end(), face.keypoints.begin(), face.keypoints.end());
  }
  return regions;
}

}  // namespace kilomark
