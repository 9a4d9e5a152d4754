#include "cpu/cpu_backend.hpp"

#include <sched.h>

#include <algorithm>

#include "kilomark/error.hpp"
#include "kilomark/onnx_check.hpp"
#include "stopwatch.hpp"
#include "text.hpp"

namespace kilomark::cpu {

namespace {

// The images of a call on the CPU are where the caller has them.
class BorrowedImages final : public HeldImages {
 public:
  explicit BorrowedImages(std::span<const ImageView> images) : images_(images) {}

  [[nodiscard]] const ImageView& operator[](std::size_t index) const { return images_[index]; }

 private:
  std::span<const ImageView> images_;
};

// The cores that this process may use, which in a container or under taskset are fewer than the
// machine has.
int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
  return std::max(count, 1);
}

SessionOptions to_session_options(const BackendOptions& options) {
  const int cores = usable_cores();
  const int threads = options.num_threads == 0 ? cores : std::min(options.num_threads, cores);
  return {threads, options.max_batch};
}

SessionSpec to_spec(const LandmarkNetwork& network) {
  const auto count = static_cast<std::size_t>(network.num_landmarks);
  return {"landmark",
          network.model,
          network.input,
          {{"landmarks", {count, 2}}, {"spread", {count}}, {"presence", {}}}};
}

SessionSpec to_spec(const FinderNetwork& network) {
  const auto cells = static_cast<std::size_t>(network.num_cells());
  return {
      "finder",
      network.model,
      network.input,
      {{"scores", {cells}}, {"distances", {cells, 4}}, {"keypoints", {cells, kNumKeypoints, 2}}}};
}

}  // namespace

CpuBackend::CpuBackend(const LandmarkNetwork& landmarks, const FinderNetwork* finder,
                       const BackendOptions& options) {
  const auto load = [&](const auto& network) {
    check_onnx(network.model);
    return std::unique_ptr<Network>(
        new Network{network.input, {to_spec(network), to_session_options(options)}});
  };
  landmarks_ = load(landmarks);
  if (finder != nullptr) {
    finder_ = load(*finder);
  }
}

CpuBackend::Network& CpuBackend::network(NetworkRole role) {
  return role == NetworkRole::kFinder ? *finder_ : *landmarks_;
}

std::unique_ptr<HeldImages> CpuBackend::hold(std::span<const ImageView> images) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (images[i].memory != ImageMemory::kHost || is_nv12(images[i].format)) {
      fail(ErrorCode::kInvalidInput,
           text("image ", i, is_nv12(images[i].format) ? " in NV12" : " in memory of a GPU"),
           "BGR, RGB or gray pixels in memory of the host",
           "copy and convert it, or make the detector with device=\"cuda\"");
    }
  }
  return std::make_unique<BorrowedImages>(images);
}

BatchTimes CpuBackend::run(NetworkRole role, const HeldImages& images,
                           std::span<const CropTask> tasks,
                           std::span<const std::span<float>> outputs) {
  const auto& borrowed = static_cast<const BorrowedImages&>(images);
  Network& network = this->network(role);
  OpenvinoSession& session = network.session;
  const OpenvinoSession::Lease lane = session.lease();
  BatchTimes times;
  Stopwatch stopwatch;
  const std::span<float> input(lane->input);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    crop_image(borrowed[tasks[i].image], tasks[i].crop, network.input, lane->workspace,
               input.subspan(i * session.input_size(), session.input_size()));
  }
  times.crop_ms = stopwatch.lap_ms();
  session.run(*lane, lane->input.data(), tasks.size(), outputs);
  times.infer_ms = stopwatch.lap_ms();
  return times;
}

void CpuBackend::infer(NetworkRole role, std::span<const float> tensors,
                       std::span<const std::span<float>> outputs) {
  OpenvinoSession& session = network(role).session;
  const OpenvinoSession::Lease lane = session.lease();
  std::ranges::copy(tensors, lane->input.begin());
  session.run(*lane, lane->input.data(), tensors.size() / session.input_size(), outputs);
}

std::string openvino_version() { return ov::get_openvino_version().buildNumber; }

}  // namespace kilomark::cpu
