#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "kilomark/backend.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

// The networks that FakeBackend stands in for: 3 landmarks in crops of 32 x 32 px, and a finder of
// 64 x 64 px with a cell every 32 px, so four.
[[nodiscard]] LandmarkNetwork fake_landmark_network();
[[nodiscard]] FinderNetwork fake_finder_network();

// Their positions in the backend, and that of a second landmark network.
inline constexpr std::size_t kFakeLandmarksIndex = 0;
inline constexpr std::size_t kFakeFinderIndex = 1;
inline constexpr std::size_t kFakeRescorerIndex = 2;
inline constexpr std::size_t kFakeCompanionIndex = 3;

// Where the landmark network puts its landmarks, in pixels of the crop. The first is the middle.
inline constexpr Point kFakeLandmarks[] = {{16.0F, 16.0F}, {0.0F, 0.0F}, {32.0F, 8.0F}};
inline constexpr float kFakeSpread[] = {1.0F, 2.0F, 3.0F};  // in pixels of the crop

// A face that the finder reports.
struct ScriptedFace {
  std::size_t cell = 0;
  float score = 0.0F;
  float reach = 8.0F;  // from the cell's center to each side of the box, in finder pixels
  float angle_deg = 0.0F;
};

// What a test tells a FakeBackend to do, and what it did. The test keeps it.
struct FakeScript {
  // Faces of an image, and the presence of a face in it, by the image's first byte.
  std::function<std::vector<ScriptedFace>(int)> faces_of = [](int) {
    return std::vector<ScriptedFace>();
  };
  std::function<float(int)> presence_of = [](int) { return 1.0F; };
  std::function<float(int)> rescorer_presence_of = [](int) { return 1.0F; };
  // What the landmark network's spread is multiplied by, and how far right in the crop the companion
  // puts its landmarks.
  std::function<float(const CropTask&)> spread_of = [](const CropTask&) { return 1.0F; };
  float companion_shift_px = 0.0F;
  bool is_resizable = false;
  std::chrono::milliseconds run_time{0};  // that every run takes, half of it for crops
  // The number of the run, counted from 0, that fails.
  std::size_t failing_run = std::numeric_limits<std::size_t>::max();

  struct Run {
    std::size_t network;
    std::vector<CropTask> tasks;
  };
  std::vector<Run> runs;
  std::vector<std::size_t> inferred;  // inputs of each call of infer()
  std::vector<int> known_crops;       // of each call of hold(); -1: unknown
  std::atomic<int> held = 0;          // calls' images that are held now

  std::mutex mutex;
};

// A backend without networks or pixels: it answers as its script says. It fails if its outputs are
// not sized exactly, or if its tasks name images that are not held.
[[nodiscard]] std::unique_ptr<Backend> make_fake_backend(FakeScript& script);

}  // namespace kilomark
