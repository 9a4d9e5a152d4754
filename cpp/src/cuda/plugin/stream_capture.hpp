#pragma once

#include "cuda/plugin/handles.hpp"

namespace kilomark::cuda {

// Captures what is put on a stream as a graph. Ends the capture whatever happens: a stream that is
// left capturing can do nothing else.
class StreamCapture {
 public:
  StreamCapture(Driver& driver, StreamHandle stream);
  StreamCapture(const StreamCapture&) = delete;
  StreamCapture& operator=(const StreamCapture&) = delete;
  ~StreamCapture();

  [[nodiscard]] Graph end();

 private:
  Graph close(int* code);

  Driver& driver_;
  StreamHandle stream_;
  bool is_open_ = true;
};

}  // namespace kilomark::cuda
