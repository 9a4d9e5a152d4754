#include "fake_backend.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <thread>

#include "kilomark/error.hpp"

namespace kilomark {

namespace {

class FakeImages final : public HeldImages {
 public:
  FakeImages(std::span<const ImageView> images, FakeScript& script)
      : images_(images), script_(script) {
    ++script_.held;
  }
  ~FakeImages() final { --script_.held; }

  [[nodiscard]] int first_byte(std::size_t image) const {
    if (image >= images_.size()) {
      throw std::logic_error("a task for image " + std::to_string(image));
    }
    return *images_[image].pixels;
  }

 private:
  std::span<const ImageView> images_;
  FakeScript& script_;
};

void check_sizes(std::span<const std::span<float>> outputs, const NetworkSpec& spec,
                 std::size_t count) {
  const auto matches = [&](std::span<float> output, const NamedOutput& named) {
    return output.size() == count * named.size();
  };
  if (!std::ranges::equal(outputs, spec.outputs, matches)) {
    throw std::logic_error("outputs are not sized for a batch of " + std::to_string(count));
  }
}

void write_landmarks(std::span<const std::span<float>> outputs, std::size_t index, float presence,
                     float spread, float shift_px) {
  for (std::size_t k = 0; k < std::size(kFakeLandmarks); ++k) {
    outputs[0][2 * (3 * index + k)] = kFakeLandmarks[k].x + shift_px;
    outputs[0][2 * (3 * index + k) + 1] = kFakeLandmarks[k].y;
    outputs[1][3 * index + k] = spread * kFakeSpread[k];
  }
  outputs[2][index] = presence;
}

void write_face(std::span<const std::span<float>> outputs, std::size_t index, std::size_t count,
                const ScriptedFace& face) {
  const std::size_t cell = outputs[0].size() / count * index + face.cell;
  outputs[0][cell] = face.score;
  std::ranges::fill(outputs[1].subspan(4 * cell, 4), face.reach);
  // Eyes 2 apart, and the tip of the nose and the mouth below their middle.
  constexpr Point kUpright[] = {
      {-1.0F, -1.0F}, {1.0F, -1.0F}, {0.0F, 0.0F}, {-0.8F, 1.0F}, {0.8F, 1.0F}};
  const float turn = face.angle_deg * std::numbers::pi_v<float> / 180.0F;
  const std::span<float> keypoints = outputs[2].subspan(2 * kNumKeypoints * cell, 10);
  for (std::size_t k = 0; k < kNumKeypoints; ++k) {
    const auto [x, y] = kUpright[k];
    keypoints[2 * k] = x * std::cos(turn) - y * std::sin(turn);
    keypoints[2 * k + 1] = x * std::sin(turn) + y * std::cos(turn);
  }
}

class FakeBackend final : public Backend {
 public:
  explicit FakeBackend(FakeScript& script) : script_(script) {}

  [[nodiscard]] std::string_view device() const noexcept final { return "fake"; }

  [[nodiscard]] std::unique_ptr<HeldImages> hold(std::span<const ImageView> images,
                                                 const HoldOptions& options) final {
    const std::scoped_lock lock(script_.mutex);
    script_.known_crops.push_back(options.crops ? static_cast<int>(options.crops->size()) : -1);
    return std::make_unique<FakeImages>(images, script_);
  }

  [[nodiscard]] bool is_resizable(std::size_t network) const final {
    return script_.is_resizable && network == kFakeFinderIndex;
  }

  BatchTimes run(std::size_t network, const HeldImages& images, std::span<const CropTask> tasks,
                 std::span<const std::span<float>> outputs) final {
    record(network, tasks);
    const auto& held = static_cast<const FakeImages&>(images);
    check_sizes(outputs,
                network == kFakeFinderIndex
                    ? to_spec(fake_finder_network(), tasks.front().crop.input_width(),
                              tasks.front().crop.input_height())
                    : spec(network),
                tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const int byte = held.first_byte(tasks[i].image);
      if (network != kFakeFinderIndex) {
        const bool is_first = network == kFakeLandmarksIndex;
        write_landmarks(outputs, i,
                        is_first ? script_.presence_of(byte) : script_.rescorer_presence_of(byte),
                        is_first ? script_.spread_of(tasks[i]) : 1.0F,
                        network == kFakeCompanionIndex ? script_.companion_shift_px : 0.0F);
        continue;
      }
      for (const ScriptedFace& face : script_.faces_of(byte)) {
        write_face(outputs, i, tasks.size(), face);
      }
    }
    std::this_thread::sleep_for(script_.run_time);
    return {0.5 * static_cast<double>(script_.run_time.count()), 0.0};
  }

  void infer(std::size_t network, std::span<const float> tensors,
             std::span<const std::span<float>> outputs) final {
    const std::size_t input_size = spec(network).input_size();
    const std::size_t count = tensors.size() / input_size;
    check_sizes(outputs, spec(network), count);
    script_.inferred.push_back(count);
    for (std::size_t i = 0; i < count; ++i) {
      outputs[0][i * spec(network).outputs[0].size()] = tensors[i * input_size];
    }
  }

 private:
  static const NetworkSpec& spec(std::size_t network) {
    static const NetworkSpec kLandmarks = to_spec(fake_landmark_network());
    static const NetworkSpec kFinder = to_spec(fake_finder_network());
    return network == kFakeFinderIndex ? kFinder : kLandmarks;
  }

  void record(std::size_t network, std::span<const CropTask> tasks) {
    const std::scoped_lock lock(script_.mutex);
    script_.runs.push_back({network, {tasks.begin(), tasks.end()}});
    if (script_.runs.size() - 1 == script_.failing_run) {
      fail(ErrorCode::kInference, "a run that was told to fail", "another script", "go on");
    }
  }

  FakeScript& script_;
};

NetworkInput fake_input(int size) {
  return {size, size, ChannelOrder::kRgb, {0.0F, 0.0F, 0.0F}, {1.0F, 1.0F, 1.0F}};
}

}  // namespace

LandmarkNetwork fake_landmark_network() { return {nullptr, fake_input(32), 3, 1.25F, false}; }

FinderNetwork fake_finder_network() { return {nullptr, fake_input(64), {32}, {}}; }

std::unique_ptr<Backend> make_fake_backend(FakeScript& script) {
  return std::make_unique<FakeBackend>(script);
}

}  // namespace kilomark
