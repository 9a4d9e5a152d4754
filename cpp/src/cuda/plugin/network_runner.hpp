#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cuda/plugin/batch_buffers.hpp"
#include "cuda/plugin/device.hpp"
#include "cuda/plugin/engine_layout.hpp"
#include "cuda/plugin/frames.hpp"
#include "cuda/plugin/handles.hpp"
#include "cuda/plugin/tensorrt.hpp"
#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

// A network's engine and what is known of it; shared by its runners.
struct LoadedNetwork {
  std::string name;  // for messages
  int width = 0;
  int height = 0;
  int capacity = 1;  // the largest batch of one run
  bool use_graphs = true;
  std::unique_ptr<TrtEngine> engine;
  EngineLayout layout;
};

// Runs a network, one batch at a time. Every method is to be called in Device::use().
//
// It prepares some batch sizes when it is made (see choose_batches), each with a lane: an execution
// context whose shapes are set once, and a CUDA graph captured from it. TensorRT leaves undefined
// what a graph does after its context has changed, so no two lanes share a context; all share their
// memory. So no call captures, allocates or makes a context.
class NetworkRunner {
 public:
  NetworkRunner(Device& device, TensorRt& tensorrt, const LoadedNetwork& network);

  // Crops, runs the network on the stream of the frames, waits, and writes the outputs at
  // `outputs`, one per output, from item `first` on. At most `capacity` crops. Measures only where
  // `times` is not null.
  void run(HeldFrames& held, std::span<const CropRequest> crops, std::span<float* const> outputs,
           std::size_t first, RunTimes* times);

  // The same for tensors that are normalized already.
  void infer(StreamHandle stream, std::span<const float> tensors, std::span<float* const> outputs,
             std::size_t first);

 private:
  struct Lane {
    int batch = 0;
    std::unique_ptr<TrtContext> context;
    GraphExec graph;  // none: the network cannot be captured, or is not to be
  };
  struct TimedEvents {
    Event begun;
    Event cropped;
    Event done;
  };

  [[nodiscard]] Lane make_lane(const ProfileChoice& choice);
  [[nodiscard]] std::unique_ptr<TrtContext> make_context(const ProfileChoice& choice);
  void check_output_shapes(TrtContext& context, int batch);
  void set_addresses(TrtContext& context);
  [[nodiscard]] GraphExec capture(int batch, TrtContext& context);

  [[nodiscard]] const Lane& lane_for(std::size_t count) const;
  void launch_crops(const HeldFrames& held, std::span<const CropRequest> crops);
  void launch_network(const Lane& lane, StreamHandle stream);
  void record(const Event& event, StreamHandle stream);
  void read_outputs(std::size_t count, std::span<float* const> outputs, std::size_t first) const;
  [[nodiscard]] const TimedEvents& timed_events();
  void read_times(const TimedEvents& events, RunTimes& times);

  Device& device_;
  TensorRt& tensorrt_;
  const LoadedNetwork& network_;
  BatchBuffers buffers_;
  std::vector<Lane> lanes_;   // by growing batch
  TimedEvents timed_events_;  // made when the first times are asked for
};

}  // namespace kilomark::cuda
