#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "cuda/plugin/batch_buffers.hpp"
#include "cuda/plugin/device_queue.hpp"
#include "cuda/plugin/engine_layout.hpp"
#include "cuda/plugin/frames.hpp"
#include "cuda/plugin/handles.hpp"
#include "cuda/plugin/tensorrt.hpp"
#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

struct RunnerOptions {
  int max_batch = 1;
  bool use_graphs = true;
};

// One network on the device. Every method is to be called in turn of the queue.
//
// Each batch size has a lane: an execution context with its shapes set once, and a CUDA graph of
// crops, network and download captured from it. TensorRT leaves undefined what a graph does after
// its context has changed, so no two lanes share a context; all share their memory.
class NetworkRunner {
 public:
  // The lanes that are kept; a lane more drops the one unused for longest.
  static constexpr std::size_t kMaxLanes = 32;

  // Throws Error{kBundle} if the plan cannot be read or is not what `network` says.
  NetworkRunner(DeviceQueue& queue, TensorRt& tensorrt, const NetworkConfig& network,
                const RunnerOptions& options);

  // The largest batch of one call: of the engine's profiles, or as the options say.
  [[nodiscard]] int capacity() const { return capacity_; }
  [[nodiscard]] std::size_t input_size() const { return layout_.input_size; }
  [[nodiscard]] const EngineLayout& layout() const { return layout_; }

  // Crops, runs, and writes the outputs at `outputs`, one per output; at most capacity() crops.
  RunTimes run(const HeldFrames& held, std::span<const CropRequest> crops,
               std::span<float* const> outputs);

  // The same for tensors that are normalised already.
  void infer(std::span<const float> tensors, std::span<float* const> outputs);

 private:
  struct Lane {
    std::unique_ptr<TrtContext> context;
    GraphExec graph;
    std::uint64_t last_use = 0;
  };

  [[nodiscard]] Lane& lane_for(int count);
  [[nodiscard]] Lane make_lane(int count);
  [[nodiscard]] std::unique_ptr<TrtContext> make_context(const ProfileChoice& choice);
  [[nodiscard]] GraphExec capture(int count, TrtContext& context);
  void set_addresses(TrtContext& context);
  void fill_items(const HeldFrames& held, std::span<const CropRequest> crops);

  // What one batch puts on the stream.
  void issue(int count, TrtContext& context, bool in_graph);
  void issue_network(TrtContext& context);
  void issue_downloads(int count);
  void record(const Event& event, bool in_graph);
  void copy(void* to, const void* from, std::size_t bytes, const char* subject);

  void read_outputs(int count, std::span<float* const> outputs) const;
  [[nodiscard]] RunTimes times(double total_ms);

  DeviceQueue& queue_;
  TensorRt& tensorrt_;
  std::string name_;
  int width_;
  int height_;
  bool use_graphs_;
  std::unique_ptr<TrtEngine> engine_;
  EngineLayout layout_;
  int capacity_ = 0;
  std::unique_ptr<BatchBuffers> buffers_;
  Event begun_;
  Event cropped_;
  Event done_;
  std::map<int, Lane> lanes_;
  std::uint64_t uses_ = 0;
};

}  // namespace kilomark::cuda
