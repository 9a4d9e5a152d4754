// The fake driver's streams, events and graphs.

#include <utility>

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

int FakeDriver::create_event(EventHandle* event) {
  if (const int code = next("cudaEventCreate"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  *event = reinterpret_cast<EventHandle>(next_handle_ += 16);
  events_[*event];
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
    events_.at(event) = {nullptr, true};  // nothing is ever on it here
    return 0;
  }
  if (streams_.find(stream) == streams_.end()) {
    return kInvalidHandle;
  }
  if (is_capturing(stream)) {
    return 0;
  }
  events_.at(event) = {stream, false};
  return enqueue(stream, [this, event] {
    const auto found = events_.find(event);
    if (found != events_.end()) {
      found->second.is_done = true;
    }
    return 0;
  });
}

int FakeDriver::record_event_in_graph(EventHandle event, StreamHandle stream) {
  if (const int code = next("cudaEventRecordWithFlags"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  if (!is_capturing(stream)) {
    return kInvalidValue;
  }
  return enqueue(stream, [this, event, stream] {
    events_.at(event) = {stream, true};
    return 0;
  });
}

int FakeDriver::synchronize_event(EventHandle event) {
  if (const int code = next("cudaEventSynchronize"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  const FakeEvent& waited = events_.at(event);
  return waited.stream == nullptr || waited.is_done ? 0 : flush(waited.stream);
}

int FakeDriver::elapsed_ms(float* ms, EventHandle start, EventHandle end) {
  if (const int code = next("cudaEventElapsedTime"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  if (!events_.at(start).is_done || !events_.at(end).is_done) {
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

int FakeDriver::launch_crops(const CropLaunch& launch, StreamHandle stream) {
  if (const int code = next("launch_crops"); code != 0) {
    return code;
  }
  return enqueue(stream, [this, launch] {
    const auto count = static_cast<std::size_t>(launch.num_crops);
    const auto area = static_cast<std::size_t>(launch.width * launch.height);
    if (!is_allocated(launch.items, count * sizeof(CropItem)) ||
        !is_allocated(launch.output, count * 3 * area * size_of(launch.type))) {
      return Faults::kBrokenDevice;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const FrameView& frame = launch.items[i].frame;
      const auto row_bytes =
          static_cast<std::size_t>(frame.width) * static_cast<std::size_t>(frame.channels);
      const auto last_row = static_cast<std::size_t>(frame.row_stride_bytes * (frame.height - 1));
      if (!is_allocated(frame.pixels, last_row + row_bytes)) {
        return Faults::kBrokenDevice;
      }
    }
    emulate_launch(launch);
    return 0;
  });
}

}  // namespace kilomark::cuda
