#include "fake_driver.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kilomark::cuda {

namespace {

constexpr int kInvalidValue = 1;

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

int FakeDriver::count_all() const {
  const std::scoped_lock lock(mutex_);
  int sum = 0;
  for (const auto& [call, count] : counts_) {
    sum += count;
  }
  return sum;
}

std::size_t FakeDriver::copied_bytes() const {
  const std::scoped_lock lock(mutex_);
  return copied_bytes_;
}

void FakeDriver::reset_counts() {
  const std::scoped_lock lock(mutex_);
  counts_.clear();
  copied_bytes_ = 0;
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
    info->is_integrated = is_integrated;
  }
  return code;
}

int FakeDriver::current_device(int* device) {
  *device = this_threads_device;
  const int code = next("cudaGetDevice");
  return is_unloading ? kCudaUnloading : code;
}

int FakeDriver::has_foreign_context(bool* is_foreign) {
  *is_foreign = has_foreign;
  return next("cuCtxGetCurrent");
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

int FakeDriver::device_address(void** device, const void* pinned) {
  *device = const_cast<void*>(pinned);
  return next("cudaHostGetDevicePointer");
}

int FakeDriver::copy(void* to, const void* from, std::size_t bytes, StreamHandle stream) {
  return copy_rows(to, bytes, from, bytes, bytes, 1, stream);
}

int FakeDriver::copy_rows(void* to, std::size_t to_stride, const void* from,
                          std::size_t from_stride, std::size_t row_bytes, std::size_t rows,
                          StreamHandle stream) {
  if (const int code = next(rows == 1 ? "cudaMemcpyAsync" : "cudaMemcpy2DAsync"); code != 0) {
    return code;
  }
  {
    const std::scoped_lock lock(mutex_);
    copied_bytes_ += rows * row_bytes;
  }
  return enqueue(stream, [=, this] {
    for (std::size_t row = 0; row < rows; ++row) {
      auto* const target = static_cast<std::byte*>(to) + row * to_stride;
      const auto* const source = static_cast<const std::byte*>(from) + row * from_stride;
      if (!is_allocated(target, row_bytes) || !is_allocated(source, row_bytes)) {
        return Faults::kBrokenDevice;
      }
      std::memcpy(target, source, row_bytes);
    }
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

int FakeDriver::memory_info(const void* memory, MemoryInfo* info) {
  if (const int code = next("cudaPointerGetAttributes"); code != 0) {
    return code;
  }
  const std::scoped_lock lock(mutex_);
  *info = {};
  const Block* const block = find_block(memory);
  if (block == nullptr && foreign_device < 0) {
    return 0;
  }
  info->device = block == nullptr ? foreign_device : block->device;
  info->kind = info->device < 0 ? MemoryKind::kPinned : MemoryKind::kDevice;
  info->on_device = memory;
  return 0;
}

int FakeDriver::take_last_error() { return 0; }

const char* FakeDriver::error_name(int code) {
  return code == Faults::kBrokenDevice ? "cudaErrorIllegalAddress" : "cudaErrorFake";
}

const char* FakeDriver::error_message(int code) {
  return code == Faults::kBrokenDevice ? "an illegal memory access was encountered" : "a test's";
}

}  // namespace kilomark::cuda
