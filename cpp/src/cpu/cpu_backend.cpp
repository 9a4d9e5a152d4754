#include "cpu/cpu_backend.hpp"

#include <algorithm>
#include <vector>

#include "kilomark/error.hpp"
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

// Calls run(first, count) for `total` items of one size, as many at once as the session says.
template <class Run>
void for_each_run(OpenvinoSession& session, InputShape shape, std::size_t total, const Run& run) {
  for (std::size_t first = 0; first < total; first += shape.count) {
    shape.count = total - first;
    shape.count = session.count_at_once(shape);
    run(first, shape);
  }
}

// Copies tensors of `size` numbers, (3, height, width) to (height, width, 3).
void put_channels_last(std::span<const float> tensors, std::size_t size, std::span<float> out) {
  const std::size_t area = size / 3;
  for (std::size_t first = 0; first < tensors.size(); first += size) {
    for (std::size_t pixel = 0; pixel < area; ++pixel) {
      for (std::size_t c = 0; c < 3; ++c) {
        out[first + 3 * pixel + c] = tensors[first + c * area + pixel];
      }
    }
  }
}

// The part of each output that belongs to some of its `total` items.
std::vector<std::span<float>> items_of(std::span<const std::span<float>> outputs, std::size_t total,
                                       std::size_t first, std::size_t count) {
  std::vector<std::span<float>> parts;
  for (const std::span<float>& output : outputs) {
    const std::size_t size = output.size() / total;
    parts.push_back(output.subspan(first * size, count * size));
  }
  return parts;
}

// Throws Error{kDevice} if the processor cannot do what is asked.
bool runs_in_bf16(const NetworkSpec& spec, Precision precision) {
  switch (precision) {
    case Precision::kAuto:
      return spec.tolerates_bf16 && has_native_bf16();
    case Precision::kFp32:
      return false;
    case Precision::kBf16:
      break;
  }
  if (!has_native_bf16()) {
    fail(ErrorCode::kDevice, "precision \"bf16\" on a processor that has no such instructions",
         "a processor with AVX-512 BF16 or AMX", "pass precision=\"auto\"");
  }
  return true;
}

SessionOptions to_session_options(const NetworkSpec& spec, const BackendOptions& options) {
  const int cores = system::usable_cores();
  const int threads = options.num_threads == 0 ? cores : std::min(options.num_threads, cores);
  return {threads, options.max_batch, options.cache_folder, runs_in_bf16(spec, options.precision)};
}

}  // namespace

CpuBackend::CpuBackend(std::span<const NetworkSpec> networks, const BackendOptions& options)
    : process_(system::process_id()) {
  for (const NetworkSpec& spec : networks) {
    networks_.push_back(std::unique_ptr<Network>(
        new Network{spec.input, spec.size_step > 0, {spec, to_session_options(spec, options)}}));
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
  const Crop& any = tasks.front().crop;
  const InputShape item{1, any.input_height(), any.input_width()};
  const std::size_t size = item.item_size();
  BatchTimes times;
  for_each_run(session, item, tasks.size(), [&](std::size_t first, const InputShape& shape) {
    Stopwatch stopwatch;
    const std::span<float> input = lane->input_for(shape);
    for (std::size_t i = 0; i < shape.count; ++i) {
      const CropTask& task = tasks[first + i];
      crop_image(borrowed[task.image], task.crop, running.input, lane->workspace,
                 input.subspan(i * size, size), best_kernels(), TensorLayout::kChannelsLast);
    }
    times.crop_ms += stopwatch.lap_ms();
    session.run(*lane, shape, items_of(outputs, tasks.size(), first, shape.count));
    times.infer_ms += stopwatch.lap_ms();
  });
  return times;
}

void CpuBackend::infer(std::size_t network, std::span<const float> tensors,
                       std::span<const std::span<float>> outputs) {
  const Network& running = this->network(network);
  OpenvinoSession& session = this->network(network).session;
  const OpenvinoSession::Lease lane = session.lease();
  const InputShape item{1, running.input.height, running.input.width};
  const std::size_t size = item.item_size();
  const std::size_t total = tensors.size() / size;
  for_each_run(session, item, total, [&](std::size_t first, const InputShape& shape) {
    put_channels_last(tensors.subspan(first * size, shape.count * size), size,
                      lane->input_for(shape));
    session.run(*lane, shape, items_of(outputs, total, first, shape.count));
  });
}

}  // namespace kilomark::cpu
