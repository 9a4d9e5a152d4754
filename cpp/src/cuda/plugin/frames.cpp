#include "cuda/plugin/frames.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

// Rows begin where the GPU reads whole cache sectors.
constexpr std::size_t kRowAlignment = 32;
constexpr std::size_t kSmallestBlock = std::size_t{1} << 20;

// A plane of pixels on its way to the device.
struct PlaneCopy {
  const std::uint8_t* from;
  std::int64_t from_stride;
  std::size_t offset;  // in the block
  std::size_t row_bytes;
  std::size_t rows;

  [[nodiscard]] std::size_t stride() const {
    return (row_bytes + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
  }
  [[nodiscard]] std::size_t end() const { return offset + stride() * rows; }
};

PlaneCopy pixel_plane(const FrameView& frame, std::size_t offset) {
  return {frame.pixels, frame.row_stride_bytes, offset,
          static_cast<std::size_t>(frame.width) * static_cast<std::size_t>(frame.channels),
          static_cast<std::size_t>(frame.height)};
}

PlaneCopy chroma_plane(const FrameView& frame, std::size_t offset) {
  return {frame.chroma, frame.chroma_stride_bytes, offset,
          static_cast<std::size_t>(frame.width + 1) / 2 * 2,
          static_cast<std::size_t>(frame.height + 1) / 2};
}

// Where each plane of the host's frames goes, and where its frame finds it.
struct Layout {
  std::vector<PlaneCopy> planes;
  std::size_t bytes = 0;
};

Layout lay_out(std::span<const FrameView> frames) {
  Layout layout;
  const auto add = [&](const PlaneCopy& plane) {
    layout.planes.push_back(plane);
    layout.bytes = plane.end();
  };
  for (const FrameView& frame : frames) {
    if (frame.memory == FrameMemory::kHost) {
      add(pixel_plane(frame, layout.bytes));
      if (frame.format != FrameFormat::kPacked) {
        add(chroma_plane(frame, layout.bytes));
      }
    }
  }
  return layout;
}

void stage(const PlaneCopy& plane, std::uint8_t* pinned) {
  std::uint8_t* to = pinned + plane.offset;
  const std::uint8_t* from = plane.from;
  for (std::size_t row = 0; row < plane.rows; ++row) {
    std::memcpy(to + row * plane.stride(), from, plane.row_bytes);
    from += plane.from_stride;
  }
}

// The host's frames, as they lie on the device.
void place(std::vector<FrameView>& frames, const Layout& layout, const std::uint8_t* device) {
  auto plane = layout.planes.begin();
  for (FrameView& frame : frames) {
    if (frame.memory != FrameMemory::kHost) {
      continue;
    }
    frame.pixels = device + plane->offset;
    frame.row_stride_bytes = static_cast<std::int64_t>(plane->stride());
    ++plane;
    if (frame.format != FrameFormat::kPacked) {
      frame.chroma = device + plane->offset;
      frame.chroma_stride_bytes = static_cast<std::int64_t>(plane->stride());
      ++plane;
    }
  }
}

}  // namespace

std::unique_ptr<FrameBlock> FrameStore::acquire(std::size_t bytes) {
  if (bytes == 0) {
    return nullptr;
  }
  Driver& driver = queue_.driver();
  const auto fits = std::ranges::find_if(
      free_, [&](const auto& block) { return block->device.bytes() >= bytes; });
  const auto chosen = fits != free_.end() ? fits : free_.begin();
  if (chosen != free_.end()) {
    std::unique_ptr<FrameBlock> block = std::move(*chosen);
    free_.erase(chosen);
    // Its last upload may not have ended, if nothing has been waited for since.
    check_cuda(driver, driver.synchronize_event(block->uploaded.get()), "cudaEventSynchronize",
               "the last frames");
    if (block->device.bytes() >= bytes) {
      return block;
    }
  }  // one that is too small is freed here, before a larger one takes its place
  const std::size_t capacity = std::max(std::bit_ceil(bytes), kSmallestBlock);
  free_.reserve(++blocks_made_);  // so that release() cannot fail
  auto block = std::make_unique<FrameBlock>();
  block->uploaded = make_event(driver);
  block->pinned = Memory(driver, Memory::Kind::kPinned, capacity, "frames");
  block->device = Memory(driver, Memory::Kind::kDevice, capacity, "frames");
  return block;
}

void FrameStore::check_device_frame(const FrameView& frame, std::size_t index) const {
  Driver& driver = queue_.driver();
  int device = -1;
  check_cuda(driver, driver.memory_device(frame.pixels, &device), "cudaPointerGetAttributes",
             text("image ", index));
  if (device != device_) {
    fail(ErrorCode::kInvalidInput,
         text("image ", index, " in memory of ", device < 0 ? "the host" : text("GPU ", device)),
         text("memory of GPU ", device_), "copy it there, or make a detector on its device");
  }
}

void FrameStore::wait_for_producer(const FrameView& frame) {
  if (frame.stream == 0) {
    return;
  }
  Driver& driver = queue_.driver();
  if (!produced_) {
    produced_ = make_event(driver);
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a handle that came through Python as a number
  const auto producer = reinterpret_cast<StreamHandle>(static_cast<std::uintptr_t>(frame.stream));
  check_cuda(driver, driver.record_event(produced_.get(), producer), "cudaEventRecord",
             "the stream of an image");
  check_cuda(driver, driver.wait_event(queue_.stream(), produced_.get()), "cudaStreamWaitEvent",
             "the stream of an image");
}

std::unique_ptr<HeldFrames> FrameStore::hold(std::span<const FrameView> frames) {
  const Layout layout = lay_out(frames);
  auto held = std::make_unique<HeldFrames>();
  held->frames.assign(frames.begin(), frames.end());
  held->block = queue_.in_turn([&] {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (frames[i].memory == FrameMemory::kDevice) {
        check_device_frame(frames[i], i);
        wait_for_producer(frames[i]);
      }
    }
    return acquire(layout.bytes);
  });
  if (held->block == nullptr) {
    return held;
  }
  FrameBlock& block = *held->block;
  for (const PlaneCopy& plane : layout.planes) {  // out of turn: others compute meanwhile
    stage(plane, block.pinned.as<std::uint8_t>());
  }
  place(held->frames, layout, block.device.as<std::uint8_t>());
  queue_.in_turn([&] {
    Driver& driver = queue_.driver();
    check_cuda(driver,
               driver.copy(block.device.get(), block.pinned.get(), layout.bytes, queue_.stream()),
               "cudaMemcpyAsync", "the upload of frames");
    check_cuda(driver, driver.record_event(block.uploaded.get(), queue_.stream()),
               "cudaEventRecord", "the upload of frames");
  });
  return held;
}

void FrameStore::release(std::unique_ptr<HeldFrames> held) noexcept {
  queue_.in_last_turn([&]() noexcept {
    if (held->block != nullptr) {
      free_.push_back(std::move(held->block));
    }
    held.reset();
  });
}

}  // namespace kilomark::cuda
