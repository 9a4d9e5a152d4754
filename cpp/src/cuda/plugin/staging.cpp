#include "cuda/plugin/staging.hpp"

#include <algorithm>
#include <cstring>

#include "cuda/plugin/cuda_errors.hpp"

namespace kilomark::cuda {

namespace {

// Large enough that starting a transfer costs little beside it, small enough that the transfer of
// the last piece, which overlaps with nothing, is short.
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

void copy_rows(const PlaneCopy& plane, std::size_t first, std::size_t count, std::uint8_t* to) {
  const std::uint8_t* from = plane.from + first * plane.from_stride;
  if (plane.is_one_piece()) {
    std::memcpy(to, from, (count - 1) * plane.from_stride + plane.row_bytes);
    return;
  }
  for (std::size_t row = 0; row < count; ++row) {
    std::memcpy(to + row * plane.to_stride, from + row * plane.from_stride, plane.row_bytes);
  }
}

}  // namespace

void StagedUpload::add(const PlaneCopy& plane) {
  if (plane.rows == 0) {
    return;
  }
  if (end_ == begin_) {
    begin_ = plane.offset;
  }
  const std::size_t rows_at_once = std::max<std::size_t>(kPieceBytes / plane.to_stride, 1);
  for (std::size_t first = 0; first < plane.rows; first += rows_at_once) {
    const std::size_t count = std::min(rows_at_once, plane.rows - first);
    const std::size_t offset = plane.offset + first * plane.to_stride;
    copy_rows(plane, first, count, pinned_ + offset);
    end_ = offset + (count - 1) * plane.to_stride + plane.row_bytes;
    if (end_ - begin_ >= kPieceBytes / 2) {
      send();
    }
  }
}

void StagedUpload::finish() { send(); }

void StagedUpload::send() {
  if (device_ != nullptr && end_ > begin_) {
    check_cuda(driver_,
               driver_.copy(static_cast<std::uint8_t*>(device_) + begin_, pinned_ + begin_,
                            end_ - begin_, stream_),
               "cudaMemcpyAsync", "the upload of frames");
  }
  begin_ = end_;
}

}  // namespace kilomark::cuda
