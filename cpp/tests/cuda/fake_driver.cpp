#include "fake_driver.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "emulated_launch.hpp"

namespace kilomark::cuda {

namespace {

constexpr int kInvalidValue = 1;
constexpr int kInvalidHandle = 400;
constexpr int kNotCaptured = 900;         // cudaErrorStreamCaptureUnsupported
constexpr int kCaptureInvalidated = 901;  // cudaErrorStreamCaptureInvalidated

constexpr std::uintptr_t kLastDefaultStream = 2;  // cudaStreamPerThread; 1 is cudaStreamLegacy

thread_local int this_threads_device = 0;

}  // namespace

int FakeDriver::next(const char* call) {
  const std::scoped_lock lock(mutex_);
  ++counts_[call];
  return fault(call);
}

int FakeDriver::fault(const std::string& call) {
  const std::scoped_lock lock(mutex_);
  const bool is_capturing = std::ranges::any_of(
      streams_, [](const auto& entry) { return entry.second.captured != nullptr; });
  return faults.next(is_capturing ? "captured " + call : call);
}

std::size_t FakeDriver::num_live() const {
  const std::scoped_lock lock(mutex_);
  return num_owned_ + streams_.size() + events_.size() + graphs_.size() + execs_.size();
}

int FakeDriver::count(const std::string& call) const {
  const std::scoped_lock lock(mutex_);
  const auto found = counts_.find(call);
  return found == counts_.end() ? 0 : found->second;
}

void FakeDriver::reset_counts() {
  const std::scoped_lock lock(mutex_);
  counts_.clear();
}

FakeDriver::FakeStream& FakeDriver::find(StreamHandle stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) {
    throw std::logic_error("a stream that is not there");
  }
  return found->second;
}

int FakeDriver::enqueue(StreamHandle stream, Work work) {
  const std::scoped_lock lock(mutex_);
  FakeStream& target = find(stream);
  (target.captured != nullptr ? *target.captured : target.pending).push_back(std::move(work));
  return 0;
}

bool FakeDriver::is_capturing(StreamHandle stream) const {
  const std::scoped_lock lock(mutex_);
  return streams_.at(stream).captured != nullptr;
}

int FakeDriver::flush(StreamHandle stream) {
  const std::scoped_lock lock(mutex_);
  std::vector<Work> pending = std::exchange(find(stream).pending, {});
  int code = 0;
  for (const Work& work : pending) {
    code = std::max(code, work());
  }
  return code;
}

bool FakeDriver::is_allocated(const void* memory, std::size_t bytes) const {
  const std::scoped_lock lock(mutex_);
  const auto* const address = static_cast<const std::byte*>(memory);
  const Block* const block = find_block(memory);
  return block == nullptr ? foreign_device >= 0 : address + bytes <= block->start + block->size;
}

// The memory that begins last at or before an address, if the address lies in it.
const FakeDriver::Block* FakeDriver::find_block(const void* memory) const {
  const auto* const address = static_cast<const std::byte*>(memory);
  const auto after = blocks_.upper_bound(address);
  if (after == blocks_.begin()) {
    return nullptr;
  }
  const Block& block = std::prev(after)->second;
  return address < block.start + block.size ? &block : nullptr;
}

void FakeDriver::add_foreign(const void* memory, std::size_t bytes, int device) {
  const std::scoped_lock lock(mutex_);
  const auto* const start = static_cast<const std::byte*>(memory);
  blocks_[start] = {nullptr, start, bytes, device};
}

int FakeDriver::driver_version(int* version) {
  *version = newest_cuda;
  return next("cudaDriverGetVersion");
}

int FakeDriver::runtime_version(int* version) {
  *version = 13000;
  return next("cudaRuntimeGetVersion");
}

int FakeDriver::device_count(int* count) {
  const int code = next("cudaGetDeviceCount");
  if (code != 0 || newest_cuda < 13000) {
    return code != 0 ? code : 35;  // cudaErrorInsufficientDriver; the count is left as it was
  }
  *count = num_devices;
  return 0;
}

int FakeDriver::device_info(int device, DeviceInfo* info) {
  const int code = next("cudaGetDeviceProperties");
  if (code == 0) {
    *info = {};
    std::strcpy(info->name, device == 0 ? "Fake GPU" : "Old GPU");
    info->compute_major = device == 0 ? 8 : 6;
    info->compute_minor = device == 0 ? 6 : 1;
    info->memory_bytes = std::uint64_t{8} << 30;
  }
  return code;
}

int FakeDriver::current_device(int* device) {
  *device = this_threads_device;
  return next("cudaGetDevice");
}

int FakeDriver::set_device(int device) {
  const int code = next("cudaSetDevice");
  if (code == 0) {
    this_threads_device = device;
  }
  return code;
}

int FakeDriver::allocate_block(void** memory, std::size_t bytes, int device) {
  const std::scoped_lock lock(mutex_);
  auto owned = std::make_unique<std::byte[]>(bytes);
  std::byte* const start = owned.get();
  std::memset(start, 0xFF, bytes);  // NaN, as float and as half
  *memory = start;
  blocks_[start] = {std::move(owned), start, bytes, device};
  ++num_owned_;
  return 0;
}

int FakeDriver::free_block(void* memory, bool pinned) {
  const std::scoped_lock lock(mutex_);
  const auto found = blocks_.find(static_cast<const std::byte*>(memory));
  if (found == blocks_.end() || (found->second.device < 0) != pinned) {
    return kInvalidValue;
  }
  blocks_.erase(found);
  --num_owned_;
  return 0;
}

int FakeDriver::allocate(void** memory, std::size_t bytes) {
  const int code = next("cudaMalloc");
  return code != 0 ? code : allocate_block(memory, bytes, this_threads_device);
}

int FakeDriver::allocate_pinned(void** memory, std::size_t bytes) {
  const int code = next("cudaHostAlloc");
  return code != 0 ? code : allocate_block(memory, bytes, -1);
}

// What fails to be freed is gone all the same.
int FakeDriver::free(void* memory) {
  const int code = next("cudaFree");
  const int freed = free_block(memory, false);
  return code != 0 ? code : freed;
}

int FakeDriver::free_pinned(void* memory) {
  const int code = next("cudaFreeHost");
  const int freed = free_block(memory, true);
  return code != 0 ? code : freed;
}

int FakeDriver::copy(void* to, const void* from, std::size_t bytes, StreamHandle stream) {
  if (const int code = next("cudaMemcpyAsync"); code != 0) {
    return code;
  }
  return enqueue(stream, [this, to, from, bytes] {
    if (!is_allocated(to, bytes) || !is_allocated(from, bytes)) {
      return Faults::kBrokenDevice;
    }
    std::memcpy(to, from, bytes);
    return 0;
  });
}

int FakeDriver::clear(void* memory, std::size_t bytes, StreamHandle stream) {
  if (const int code = next("cudaMemsetAsync"); code != 0) {
    return code;
  }
  return enqueue(stream, [this, memory, bytes] {
    if (!is_allocated(memory, bytes)) {
      return Faults::kBrokenDevice;
    }
    std::memset(memory, 0, bytes);
    return 0;
  });
}

int FakeDriver::memory_device(const void* memory, int* device) {
  if (const int code = next("cudaPointerGetAttributes"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  const Block* const block = find_block(memory);
  *device = block == nullptr ? foreign_device : block->device;
  return 0;
}

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

int FakeDriver::take_last_error() { return 0; }

const char* FakeDriver::error_name(int code) {
  return code == Faults::kBrokenDevice ? "cudaErrorIllegalAddress" : "cudaErrorFake";
}

const char* FakeDriver::error_message(int code) {
  return code == Faults::kBrokenDevice ? "an illegal memory access was encountered" : "a test's";
}

}  // namespace kilomark::cuda
