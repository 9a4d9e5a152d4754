#pragma once

#include "cuda/plugin/upload_plan.hpp"

namespace kilomark::cuda {

// Uploads planes of pageable memory: copies them into pinned memory and, while more is copied
// there, sends what has been. The planes come in the order of their offsets.
class StagedUpload {
 public:
  StagedUpload(Driver& driver, StreamHandle stream, std::uint8_t* pinned, void* device)
      : driver_(driver), stream_(stream), pinned_(pinned), device_(device) {}

  void add(const PlaneCopy& plane);
  void finish();

 private:
  void send();

  Driver& driver_;
  StreamHandle stream_;
  std::uint8_t* pinned_;
  void* device_;           // null: the device reads the pinned memory itself
  std::size_t begin_ = 0;  // of what has been staged, but not sent
  std::size_t end_ = 0;
};

}  // namespace kilomark::cuda
