#include "cuda/plugin/frames.hpp"

#include <algorithm>
#include <bit>

#include "cuda/plugin/staging.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

constexpr std::size_t kSmallestBlock = std::size_t{1} << 20;

// Memory of at least so many bytes in the place of a smaller one, which is freed first.
void grow(Memory& memory, Driver& driver, Memory::Kind kind, std::size_t bytes) {
  if (bytes > memory.bytes()) {
    memory = Memory();
    memory = Memory(driver, kind, std::max(std::bit_ceil(bytes), kSmallestBlock), "frames");
  }
}

bool needs_staging(const UploadPlan& plan) {
  return std::ranges::any_of(
      plan.planes, [](const PlaneCopy& plane) { return !plane.is_pinned && plane.rows > 0; });
}

}  // namespace

std::unique_ptr<HeldFrames> FrameStore::hold(std::span<const FrameView> frames,
                                             const KnownCrops& crops) {
  auto held = std::make_unique<HeldFrames>();
  held->frames.assign(frames.begin(), frames.end());
  held->resources = device_.use(nullptr, [&] { return take_resources(); });
  try {
    device_.use(held->stream(), [&] { bring(*held, crops); });
  } catch (...) {
    release(std::move(held));
    throw;
  }
  return held;
}

void FrameStore::release(std::unique_ptr<HeldFrames> held) noexcept {
  if (held->is_pending) {  // what is on the stream may read memory that is the caller's again soon
    device_.use_last([&]() noexcept {
      if (device_.driver().synchronize(held->stream()) != kCudaSuccess) {
        (void)device_.driver().take_last_error();
      }
    });
  }
  const std::scoped_lock lock(mutex_);
  free_.push_back(std::move(held->resources));
}

void FrameStore::clear() noexcept {
  const std::scoped_lock lock(mutex_);
  free_.clear();
}

std::unique_ptr<CallResources> FrameStore::take_resources() {
  const std::scoped_lock lock(mutex_);
  if (!free_.empty()) {
    std::unique_ptr<CallResources> taken = std::move(free_.back());
    free_.pop_back();
    return taken;
  }
  free_.reserve(num_made_ + 1);  // so that release() cannot fail
  auto made = std::make_unique<CallResources>();
  made->stream = make_stream(device_.driver());
  ++num_made_;
  return made;
}

void FrameStore::bring(HeldFrames& held, const KnownCrops& crops) {
  for (std::size_t i = 0; i < held.frames.size(); ++i) {
    const FrameView& frame = held.frames[i];
    if (frame.memory == FrameMemory::kDevice) {
      check_device_memory(frame.pixels, i);
      if (frame.format != FrameFormat::kPacked) {
        check_device_memory(frame.chroma, i);
      }
      wait_for_producer(frame, *held.resources);
    }
  }
  UploadPlan plan = plan_upload(held.frames, crops);
  if (plan.bytes > 0) {
    find_pinned(plan);
    held.is_pending = true;
    if (device_.is_integrated()) {
      map(plan, *held.resources);
    } else {
      upload(plan, *held.resources);
    }
  }
  point_to_planes(held.frames, plan);
  held.areas = std::move(plan.areas);
}

void FrameStore::check_device_memory(const std::uint8_t* memory, std::size_t index) const {
  Driver& driver = device_.driver();
  MemoryInfo found;
  check_cuda(driver, driver.memory_info(memory, &found), "cudaPointerGetAttributes", "image ",
             index);
  if (found.kind == MemoryKind::kDevice && found.device == device_.index()) {
    return;
  }
  fail(ErrorCode::kInvalidInput,
       text("image ", index, " in memory of ",
            found.kind == MemoryKind::kDevice ? text("GPU ", found.device) : "the host"),
       text("memory of GPU ", device_.index()), "copy it there, or make a detector on its device");
}

void FrameStore::wait_for_producer(const FrameView& frame, CallResources& resources) {
  if (frame.stream == 0) {
    return;
  }
  Driver& driver = device_.driver();
  if (!resources.produced) {
    resources.produced = make_event(driver, false);
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a handle that came through Python as a number
  const auto producer = reinterpret_cast<StreamHandle>(static_cast<std::uintptr_t>(frame.stream));
  check_cuda(driver, driver.record_event(resources.produced.get(), producer), "cudaEventRecord",
             "the stream of an image");
  check_cuda(driver, driver.wait_event(resources.stream.get(), resources.produced.get()),
             "cudaStreamWaitEvent", "the stream of an image");
}

void FrameStore::find_pinned(UploadPlan& plan) const {
  Driver& driver = device_.driver();
  for (PlaneCopy& plane : plan.planes) {
    if (plane.rows > 0) {
      MemoryInfo found;
      check_cuda(driver, driver.memory_info(plane.from, &found), "cudaPointerGetAttributes",
                 "an image");
      plane.is_pinned = found.kind == MemoryKind::kPinned;
      plane.on_device = found.on_device;
    }
  }
}

void FrameStore::upload(UploadPlan& plan, CallResources& resources) {
  Driver& driver = device_.driver();
  grow(resources.device, driver, Memory::Kind::kDevice, plan.bytes);
  if (needs_staging(plan)) {
    grow(resources.pinned, driver, Memory::Kind::kPinned, plan.bytes);
  }
  const StreamHandle stream = resources.stream.get();
  StagedUpload staged(driver, stream, resources.pinned.as<std::uint8_t>(), resources.device.get());
  for (PlaneCopy& plane : plan.planes) {
    auto* const to = resources.device.as<std::uint8_t>() + plane.offset;
    plane.on_device = to;
    if (!plane.is_pinned) {
      staged.add(plane);
      continue;
    }
    staged.finish();
    const int code = plane.is_one_piece()
                         ? driver.copy(to, plane.from, plane.bytes(), stream)
                         : driver.copy_rows(to, plane.to_stride, plane.from, plane.from_stride,
                                            plane.row_bytes, plane.rows, stream);
    check_cuda(driver, code, "cudaMemcpyAsync", "the upload of frames");
  }
  staged.finish();
}

// On a device that shares the host's memory: what is pinned is read where it lies, the rest where
// it is staged.
void FrameStore::map(UploadPlan& plan, CallResources& resources) {
  for (PlaneCopy& plane : plan.planes) {
    plane.is_pinned = plane.is_pinned && plane.on_device != nullptr;
  }
  if (needs_staging(plan)) {
    grow(resources.pinned, device_.driver(), Memory::Kind::kPinned, plan.bytes);
  }
  StagedUpload staged(device_.driver(), resources.stream.get(), resources.pinned.as<std::uint8_t>(),
                      nullptr);
  for (PlaneCopy& plane : plan.planes) {
    if (plane.is_pinned) {
      plane.to_stride = plane.from_stride;
    } else {
      staged.add(plane);
      plane.on_device = static_cast<std::uint8_t*>(resources.pinned.on_device()) + plane.offset;
    }
  }
}

}  // namespace kilomark::cuda
