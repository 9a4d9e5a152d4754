#include "cpu/cpu_backend.hpp"

#include <algorithm>

#include "kilomark/error.hpp"
#include "kilomark/onnx_check.hpp"
#include "stopwatch.hpp"
#include "system/process.hpp"
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

SessionOptions to_session_options(const BackendOptions& options) {
  const int cores = system::usable_cores();
  const int threads = options.num_threads == 0 ? cores : std::min(options.num_threads, cores);
  return {threads, options.max_batch, options.cache_folder};
}

}  // namespace

CpuBackend::CpuBackend(std::span<const NetworkSpec> networks, const BackendOptions& options)
    : process_(system::process_id()) {
  for (const NetworkSpec& spec : networks) {
    check_onnx(*spec.model);
    networks_.push_back(std::unique_ptr<Network>(
        new Network{spec.input, spec.size_step > 0, {spec, to_session_options(options)}}));
  }
}

CpuBackend::~CpuBackend() {
  if (system::process_id() != process_) {
    // Freeing them would wait for threads that are not in this process.
    for (std::unique_ptr<Network>& network : networks_) {
      (void)network.release();
    }
  }
}

CpuBackend::Network& CpuBackend::network(std::size_t index) const {
  if (system::process_id() != process_) {
    fail(ErrorCode::kInference, "networks that were loaded before this process was forked",
         "networks of this process", "make a detector in the child process");
  }
  return *networks_.at(index);
}

bool CpuBackend::is_resizable(std::size_t network) const {
  return networks_.at(network)->is_resizable;
}

std::unique_ptr<HeldImages> CpuBackend::hold(std::span<const ImageView> images,
                                             const HoldOptions& /*options*/) {
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

BatchTimes CpuBackend::run(std::size_t network, const HeldImages& images,
                           std::span<const CropTask> tasks,
                           std::span<const std::span<float>> outputs) {
  const auto& borrowed = static_cast<const BorrowedImages&>(images);
  Network& running = this->network(network);
  OpenvinoSession& session = running.session;
  const OpenvinoSession::Lease lane = session.lease();
  BatchTimes times;
  Stopwatch stopwatch;
  const Crop& first = tasks.front().crop;
  const InputShape shape{tasks.size(), first.input_height(), first.input_width()};
  const std::span<float> input = lane->input_for(shape);
  const std::size_t size = shape.item_size();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    crop_image(borrowed[tasks[i].image], tasks[i].crop, running.input, lane->workspace,
               input.subspan(i * size, size));
  }
  times.crop_ms = stopwatch.lap_ms();
  session.run(*lane, shape, outputs);
  times.infer_ms = stopwatch.lap_ms();
  return times;
}

void CpuBackend::infer(std::size_t network, std::span<const float> tensors,
                       std::span<const std::span<float>> outputs) {
  const Network& running = this->network(network);
  OpenvinoSession& session = this->network(network).session;
  const OpenvinoSession::Lease lane = session.lease();
  InputShape shape{1, running.input.height, running.input.width};
  shape.count = tensors.size() / shape.item_size();
  std::ranges::copy(tensors, lane->input_for(shape).begin());
  session.run(*lane, shape, outputs);
}

}  // namespace kilomark::cpu
