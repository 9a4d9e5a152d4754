// The fake driver's streams, events and graphs.

#include <utility>

#include "cuda/plugin/crop_area.hpp"
#include "emulated_launch.hpp"
#include "fake_driver.hpp"

namespace kilomark::cuda {

namespace {

constexpr int kInvalidValue = 1;
constexpr int kInvalidHandle = 400;
constexpr int kNotCaptured = 900;                 // cudaErrorStreamCaptureUnsupported
constexpr int kCaptureInvalidated = 901;          // cudaErrorStreamCaptureInvalidated
constexpr std::uintptr_t kLastDefaultStream = 2;  // cudaStreamPerThread; 1 is cudaStreamLegacy

}  // namespace

int FakeDriver::create_stream(StreamHandle* stream) {
  if (const int code = next("cudaStreamCreateWithFlags"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  *stream = reinterpret_cast<StreamHandle>(next_handle_ += 16);
  streams_[*stream];
  return 0;
}

int FakeDriver::destroy_stream(StreamHandle stream) {
  const std::scoped_lock lock(mutex_);
  streams_.erase(stream);
  return next("cudaStreamDestroy");
}

int FakeDriver::synchronize(StreamHandle stream) {
  if (before_synchronize) {
    before_synchronize();
  }
  if (const int code = next("cudaStreamSynchronize"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  FakeStream& waited = find(stream);
  if (waited.captured != nullptr) {
    waited.is_capture_broken = true;
    return kNotCaptured;
  }
  return flush(stream);
}

int FakeDriver::wait_event(StreamHandle stream, EventHandle event) {
  if (const int code = next("cudaStreamWaitEvent"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  const StreamHandle producer = events_.at(event).stream;
  return enqueue(stream, [this, producer] { return producer == nullptr ? 0 : flush(producer); });
}

int FakeDriver::create_event(EventHandle* event, bool is_timed) {
  if (const int code = next("cudaEventCreateWithFlags"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  *event = reinterpret_cast<EventHandle>(next_handle_ += 16);
  events_[*event].is_timed = is_timed;
  return 0;
}

int FakeDriver::destroy_event(EventHandle event) {
  const std::scoped_lock lock(mutex_);
  events_.erase(event);
  return next("cudaEventDestroy");
}

// Recorded while capturing, an event is a mark inside the graph: it can be neither waited for nor
// timed.
int FakeDriver::record_event(EventHandle event, StreamHandle stream) {
  if (const int code = next("cudaEventRecord"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  if (reinterpret_cast<std::uintptr_t>(stream) <= kLastDefaultStream) {
    events_.at(event).is_done = true;  // nothing is ever on it here
    return 0;
  }
  if (streams_.find(stream) == streams_.end()) {
    return kInvalidHandle;
  }
  if (is_capturing(stream)) {
    return 0;
  }
  events_.at(event).stream = stream;
  events_.at(event).is_done = false;
  return enqueue(stream, [this, event] {
    const auto found = events_.find(event);
    if (found != events_.end()) {
      found->second.is_done = true;
    }
    return 0;
  });
}

int FakeDriver::elapsed_ms(float* ms, EventHandle start, EventHandle end) {
  if (const int code = next("cudaEventElapsedTime"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  const FakeEvent& first = events_.at(start);
  const FakeEvent& last = events_.at(end);
  if (!first.is_timed || !last.is_timed || !first.is_done || !last.is_done) {
    return kInvalidHandle;
  }
  *ms = 0.25F;
  return 0;
}

int FakeDriver::begin_capture(StreamHandle stream) {
  if (const int code = next("cudaStreamBeginCapture"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  FakeStream& captured = find(stream);
  captured.captured = std::make_unique<std::vector<Work>>();
  captured.is_capture_broken = false;
  return 0;
}

// The capture ends even where the call fails.
int FakeDriver::end_capture(StreamHandle stream, GraphHandle* graph) {
  const int code = next("cudaStreamEndCapture");
  const std::scoped_lock lock(mutex_);
  FakeStream& captured = find(stream);
  const std::unique_ptr<std::vector<Work>> work = std::move(captured.captured);
  *graph = nullptr;
  if (code != 0 || work == nullptr || captured.is_capture_broken) {
    return code != 0 ? code : kCaptureInvalidated;
  }
  *graph = reinterpret_cast<GraphHandle>(next_handle_ += 16);
  graphs_[*graph] = *work;
  return 0;
}

int FakeDriver::instantiate(GraphExecHandle* exec, GraphHandle graph) {
  if (const int code = next("cudaGraphInstantiate"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  *exec = reinterpret_cast<GraphExecHandle>(next_handle_ += 16);
  execs_[*exec] = graphs_.at(graph);
  return 0;
}

int FakeDriver::destroy_graph(GraphHandle graph) {
  const std::scoped_lock lock(mutex_);
  graphs_.erase(graph);
  return next("cudaGraphDestroy");
}

int FakeDriver::destroy_exec(GraphExecHandle exec) {
  const std::scoped_lock lock(mutex_);
  execs_.erase(exec);
  return next("cudaGraphExecDestroy");
}

int FakeDriver::upload_graph(GraphExecHandle exec, StreamHandle /*stream*/) {
  const int code = next("cudaGraphUpload");
  const std::scoped_lock lock(mutex_);
  return code != 0 || execs_.contains(exec) ? code : kInvalidHandle;
}

int FakeDriver::launch_graph(GraphExecHandle exec, StreamHandle stream) {
  if (const int code = next("cudaGraphLaunch"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  for (const Work& work : execs_.at(exec)) {
    enqueue(stream, work);
  }
  return 0;
}

// Whether all pixels of an item are in memory that the device reads.
bool FakeDriver::can_read(const CropItem& item) const {
  const FrameView& frame = item.frame;
  const PixelArea area = area_of(item.plan, frame.width, frame.height);
  if (area.is_empty()) {
    return true;
  }
  const auto is_there = [&](const std::uint8_t* plane, std::int64_t stride, int channels,
                            const PixelArea& part) {
    const std::uint8_t* const first =
        plane + part.top * stride + std::int64_t{part.left} * channels;
    const std::int64_t bytes =
        (part.bottom - part.top - 1) * stride + std::int64_t{part.right - part.left} * channels;
    return is_allocated(first, static_cast<std::size_t>(bytes));
  };
  const bool has_chroma = frame.format != FrameFormat::kPacked;
  return is_there(frame.pixels, frame.row_stride_bytes, frame.channels, area) &&
         (!has_chroma || is_there(frame.chroma, frame.chroma_stride_bytes, 1,
                                  {area.left / 2 * 2, area.top / 2, (area.right + 1) / 2 * 2,
                                   (area.bottom + 1) / 2}));
}

// The items are copied here, as the parameters of a kernel are.
int FakeDriver::launch_crops(const CropLaunch& launch, StreamHandle stream) {
  if (const int code = next("launch_crops"); code != 0) {
    return code;
  }
  if (launch.num_crops < 1 || launch.num_crops > kMaxCropsPerLaunch) {
    return kInvalidValue;
  }
  std::vector<CropItem> items(launch.items, launch.items + launch.num_crops);
  return enqueue(stream, [this, items = std::move(items), tensor = launch.tensor] {
    const auto area = static_cast<std::size_t>(tensor.width * tensor.height);
    if (!is_allocated(tensor.values, items.size() * 3 * area * size_of(tensor.type))) {
      return Faults::kBrokenDevice;
    }
    for (const CropItem& item : items) {
      if (!can_read(item)) {
        return Faults::kBrokenDevice;
      }
    }
    emulate_launch({items.data(), static_cast<int>(items.size()), tensor});
    return 0;
  });
}

}  // namespace kilomark::cuda
