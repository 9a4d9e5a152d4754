#include "cuda/plugin/upload_plan.hpp"

#include <algorithm>

#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

// Rows begin where the GPU reads whole cache sectors.
constexpr std::size_t kRowAlignment = 32;

std::size_t aligned(std::size_t bytes) {
  return (bytes + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
}

PixelArea whole(const FrameView& frame) { return {0, 0, frame.width, frame.height}; }

// Columns that are most of a row become all of it: one piece is copied faster than many rows.
PixelArea widened(PixelArea area, const FrameView& frame) {
  if (4 * static_cast<std::int64_t>(area.right - area.left) >= 3 * std::int64_t{frame.width}) {
    area.left = 0;
    area.right = frame.width;
  }
  return area;
}

// Chroma stands for pairs of pixels, so that an area begins and ends between pairs.
PixelArea of_pairs(const PixelArea& area) {
  return {area.left / 2 * 2, area.top / 2 * 2, (area.right + 1) / 2 * 2, (area.bottom + 1) / 2 * 2};
}

std::vector<PixelArea> areas_of(std::span<const FrameView> frames, const KnownCrops& crops) {
  std::vector<PixelArea> areas(frames.size());
  if (!crops) {
    std::ranges::transform(frames, areas.begin(), whole);
    return areas;
  }
  for (const CropRequest& crop : *crops) {
    if (crop.frame >= frames.size()) {
      fail(ErrorCode::kInvalidInput, text("a crop of frame ", crop.frame),
           text("one of ", frames.size(), " frames"), "crop frames that are held");
    }
    const FrameView& frame = frames[crop.frame];
    PixelArea& area = areas[crop.frame];
    area = area_around(area, area_of(crop.plan, frame.width, frame.height));
  }
  for (std::size_t i = 0; i < frames.size(); ++i) {
    areas[i] = widened(areas[i], frames[i]);
  }
  return areas;
}

class Planner {
 public:
  void add_pixels(const FrameView& frame, const PixelArea& area) {
    add(frame.pixels, frame.row_stride_bytes, area, static_cast<std::size_t>(frame.channels));
  }
  // Two bytes to a pair of pixels, so one to a column; half as many rows.
  void add_chroma(const FrameView& frame, const PixelArea& area) {
    add(frame.chroma, frame.chroma_stride_bytes,
        {area.left, area.top / 2, area.right, area.bottom / 2}, 1);
  }
  [[nodiscard]] UploadPlan take() { return std::move(plan_); }

 private:
  void add(const std::uint8_t* pixels, std::int64_t stride, const PixelArea& area,
           std::size_t pixel_bytes) {
    PlaneCopy plane;
    if (!area.is_empty()) {
      plane.top = static_cast<std::size_t>(area.top);
      plane.left_bytes = static_cast<std::size_t>(area.left) * pixel_bytes;
      plane.from_stride = static_cast<std::size_t>(stride);
      plane.row_bytes = static_cast<std::size_t>(area.right - area.left) * pixel_bytes;
      plane.rows = static_cast<std::size_t>(area.bottom - area.top);
      plane.from = pixels + plane.top * plane.from_stride + plane.left_bytes;
      const bool has_small_gaps = plane.from_stride - plane.row_bytes <= plane.row_bytes / 8;
      plane.to_stride = has_small_gaps ? plane.from_stride : aligned(plane.row_bytes);
      plane.offset = aligned(plan_.bytes);
      plan_.bytes = plane.offset + plane.bytes();
    }
    plan_.planes.push_back(plane);
  }

  UploadPlan plan_;
};

const std::uint8_t* plane_begin(const PlaneCopy& plane) {
  const auto address = reinterpret_cast<std::uintptr_t>(plane.on_device) -
                       plane.top * plane.to_stride - plane.left_bytes;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): may lie outside of the memory, and is not read then
  return reinterpret_cast<const std::uint8_t*>(address);
}

}  // namespace

UploadPlan plan_upload(std::span<const FrameView> frames, const KnownCrops& crops) {
  std::vector<PixelArea> areas = areas_of(frames, crops);
  Planner planner;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (frames[i].memory != FrameMemory::kHost) {
      areas[i] = whole(frames[i]);
      continue;
    }
    if (frames[i].format == FrameFormat::kPacked) {
      planner.add_pixels(frames[i], areas[i]);
      continue;
    }
    PixelArea area = of_pairs(areas[i]);
    planner.add_chroma(frames[i], area);
    area.right = std::min(area.right, frames[i].width);
    area.bottom = std::min(area.bottom, frames[i].height);
    planner.add_pixels(frames[i], area);
  }
  UploadPlan plan = planner.take();
  plan.areas = std::move(areas);
  return plan;
}

void point_to_planes(std::span<FrameView> frames, const UploadPlan& plan) {
  auto plane = plan.planes.begin();
  for (FrameView& frame : frames) {
    if (frame.memory != FrameMemory::kHost) {
      continue;
    }
    if (frame.format != FrameFormat::kPacked) {
      frame.chroma = plane_begin(*plane);
      frame.chroma_stride_bytes = static_cast<std::int64_t>(plane->to_stride);
      ++plane;
    }
    frame.pixels = plane_begin(*plane);
    frame.row_stride_bytes = static_cast<std::int64_t>(plane->to_stride);
    ++plane;
  }
}

}  // namespace kilomark::cuda
