#include "cuda/plugin/stream_capture.hpp"

namespace kilomark::cuda {

StreamCapture::StreamCapture(Driver& driver, StreamHandle stream)
    : driver_(driver), stream_(stream) {
  check_cuda(driver, driver.begin_capture(stream), "cudaStreamBeginCapture", "a graph");
}

StreamCapture::~StreamCapture() {
  if (is_open_) {
    int code = kCudaSuccess;
    const Graph dropped = close(&code);
    if (code != kCudaSuccess) {
      (void)driver_.take_last_error();
    }
  }
}

Graph StreamCapture::end() {
  int code = kCudaSuccess;
  Graph graph = close(&code);
  check_cuda(driver_, code, "cudaStreamEndCapture", "a graph");
  return graph;
}

Graph StreamCapture::close(int* code) {
  is_open_ = false;
  GraphHandle graph = nullptr;
  *code = driver_.end_capture(stream_, &graph);
  return graph == nullptr ? Graph() : Graph(driver_, graph, &Driver::destroy_graph);
}

}  // namespace kilomark::cuda
