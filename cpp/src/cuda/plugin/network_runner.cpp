#include "cuda/plugin/network_runner.hpp"

#include <algorithm>

#include "cuda/plugin/log.hpp"
#include "kilomark/error.hpp"
#include "stopwatch.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

std::unique_ptr<TrtEngine> load_engine(TensorRt& tensorrt, const NetworkConfig& network) {
  (void)tensorrt.take_errors();
  std::unique_ptr<TrtEngine> engine =
      tensorrt.load(std::span(static_cast<const std::byte*>(network.plan), network.plan_bytes));
  if (engine == nullptr) {
    const std::string errors = tensorrt.take_errors();
    fail(ErrorCode::kBundle,
         text("an engine of the ", network.name, " network that TensorRT cannot load (",
              network.plan_bytes, " bytes): ", errors.empty() ? "it gave no reason" : errors),
         "an engine built on this machine with this TensorRT", "delete it and build it again");
  }
  return engine;
}

// Ends the capture of a stream, whatever happens: a stream left capturing can do nothing else.
class Capture {
 public:
  explicit Capture(DeviceQueue& queue) : queue_(queue) {
    Driver& driver = queue.driver();
    check_cuda(driver, driver.begin_capture(queue.stream()), "cudaStreamBeginCapture", "a graph");
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture() {
    if (is_open_) {
      const Graph dropped = close(nullptr);
    }
  }

  [[nodiscard]] Graph end() {
    int code = kCudaSuccess;
    Graph graph = close(&code);
    check_cuda(queue_.driver(), code, "cudaStreamEndCapture", "a graph");
    return graph;
  }

 private:
  Graph close(int* code) {
    is_open_ = false;
    Driver& driver = queue_.driver();
    GraphHandle graph = nullptr;
    const int ended = driver.end_capture(queue_.stream(), &graph);
    if (code != nullptr) {
      *code = ended;
    } else if (ended != kCudaSuccess) {
      (void)driver.take_last_error();
    }
    return graph == nullptr ? Graph() : Graph(driver, graph, &Driver::destroy_graph);
  }

  DeviceQueue& queue_;
  bool is_open_ = true;
};

}  // namespace

NetworkRunner::NetworkRunner(DeviceQueue& queue, TensorRt& tensorrt, const NetworkConfig& network,
                             const RunnerOptions& options)
    : queue_(queue),
      tensorrt_(tensorrt),
      name_(network.name),
      width_(network.width),
      height_(network.height),
      use_graphs_(options.use_graphs),
      engine_(load_engine(tensorrt, network)),
      layout_(read_engine_layout(*engine_, network)) {
  capacity_ = std::min(options.max_batch, layout_.largest_batch());
  const int slots = std::max(capacity_, layout_.smallest_batch());
  Driver& driver = queue.driver();
  buffers_ = std::make_unique<BatchBuffers>(driver, layout_, static_cast<std::size_t>(slots),
                                            engine_->memory_bytes());
  begun_ = make_event(driver);
  cropped_ = make_event(driver);
  done_ = make_event(driver);
  // Slots that no crop fills are run too where a profile begins above one.
  check_cuda(driver, driver.clear(buffers_->input.get(), buffers_->input.bytes(), queue.stream()),
             "cudaMemsetAsync", text("the ", name_, " network"));
  (void)lane_for(1);
}

RunTimes NetworkRunner::run(const HeldFrames& held, std::span<const CropRequest> crops,
                            std::span<float* const> outputs) {
  const int count = static_cast<int>(crops.size());
  Lane& lane = lane_for(count);
  Stopwatch stopwatch;
  fill_items(held, crops);
  record(begun_, false);
  if (lane.graph) {
    Driver& driver = queue_.driver();
    check_cuda(driver, driver.launch_graph(lane.graph.get(), queue_.stream()), "cudaGraphLaunch",
               text("the ", name_, " network"));
  } else {
    issue(count, *lane.context, false);
  }
  record(done_, false);
  queue_.synchronize();
  read_outputs(count, outputs);
  return times(stopwatch.lap_ms());
}

void NetworkRunner::infer(std::span<const float> tensors, std::span<float* const> outputs) {
  const int count = static_cast<int>(tensors.size() / layout_.input_size);
  Lane& lane = lane_for(count);
  Memory& pinned = buffers_->input_pinned;
  if (pinned.get() == nullptr) {
    pinned = Memory(queue_.driver(), Memory::Kind::kPinned, buffers_->input.bytes(),
                    "a network's input");
  }
  write_tensor(layout_.input_type, tensors.data(), tensors.size(), pinned.get());
  copy(buffers_->input.get(), pinned.get(), tensors.size() * size_of(layout_.input_type),
       "a network's input");
  issue_network(*lane.context);
  issue_downloads(count);
  queue_.synchronize();
  read_outputs(count, outputs);
}

NetworkRunner::Lane& NetworkRunner::lane_for(int count) {
  auto found = lanes_.find(count);
  if (found == lanes_.end()) {
    if (lanes_.size() == kMaxLanes) {
      lanes_.erase(std::ranges::min_element(
          lanes_, {}, [](const auto& entry) { return entry.second.last_use; }));
    }
    found = lanes_.emplace(count, make_lane(count)).first;
  }
  found->second.last_use = ++uses_;
  return found->second;
}

NetworkRunner::Lane NetworkRunner::make_lane(int count) {
  Lane lane;
  try {
    lane.context = make_context(choose_profile(layout_.profiles, count));
    issue_network(*lane.context);  // TensorRT does some of its work in the first run, uncapturable
    queue_.synchronize();
    if (use_graphs_) {
      lane.graph = capture(count, *lane.context);
    }
  } catch (const Error&) {  // the context may not go while its work is on the stream
    (void)queue_.driver().synchronize(queue_.stream());
    throw;
  }
  return lane;
}

std::unique_ptr<TrtContext> NetworkRunner::make_context(const ProfileChoice& choice) {
  const std::string subject = text("the ", name_, " network at batch ", choice.batch);
  const auto check = [&](bool succeeded, const char* call) {
    check_tensorrt(tensorrt_, succeeded, call, subject);
  };
  std::unique_ptr<TrtContext> context = engine_->make_context();
  check(context != nullptr, "createExecutionContext");
  check(context->set_profile(choice.profile, queue_.stream()), "setOptimizationProfileAsync");
  if (buffers_->context.bytes() > 0) {
    check(context->set_memory(buffers_->context.get(), buffers_->context.bytes()),
          "setDeviceMemoryV2");
  }
  check(context->set_input_shape(kInputName, {choice.batch, 3, height_, width_}), "setInputShape");
  set_addresses(*context);
  return context;
}

void NetworkRunner::set_addresses(TrtContext& context) {
  const auto set = [&](const std::string& name, void* address) {
    check_tensorrt(tensorrt_, context.set_address(name, address), "setTensorAddress",
                   text("\"", name, "\" of the ", name_, " network"));
  };
  set(kInputName, buffers_->input.get());
  for (std::size_t i = 0; i < layout_.outputs.size(); ++i) {
    set(layout_.outputs[i].name, buffers_->outputs[i].get());
  }
}

// A network that cannot be captured still runs, only with more work for the CPU at every batch.
GraphExec NetworkRunner::capture(int count, TrtContext& context) {
  try {
    Capture capture(queue_);
    issue(count, context, true);
    const Graph graph = capture.end();
    Driver& driver = queue_.driver();
    GraphExecHandle exec = nullptr;
    check_cuda(driver, driver.instantiate(&exec, graph.get()), "cudaGraphInstantiate", "a graph");
    return {driver, exec, &Driver::destroy_exec};
  } catch (const Error& error) {
    queue_.synchronize();  // throws where more than the capture has failed
    log_message(LogLevel::kWarning,
                text("the ", name_, " network runs without a CUDA graph at batch ", count, ": ",
                     error.what()));
    return {};
  }
}

void NetworkRunner::fill_items(const HeldFrames& held, std::span<const CropRequest> crops) {
  auto* item = buffers_->items_pinned.as<CropItem>();
  for (const CropRequest& crop : crops) {
    if (crop.frame >= held.frames.size()) {
      fail(ErrorCode::kInvalidInput, text("a crop of frame ", crop.frame),
           text("one of ", held.frames.size(), " frames"), "crop frames that are held");
    }
    *item++ = {crop.plan, held.frames[crop.frame]};
  }
}

void NetworkRunner::issue(int count, TrtContext& context, bool in_graph) {
  Driver& driver = queue_.driver();
  copy(buffers_->items.get(), buffers_->items_pinned.get(),
       static_cast<std::size_t>(count) * sizeof(CropItem), "crops");
  const CropLaunch launch{buffers_->items.as<CropItem>(),
                          buffers_->input.get(),
                          layout_.input_type,
                          width_,
                          height_,
                          count};
  check_cuda(driver, driver.launch_crops(launch, queue_.stream()), "the launch of the crop kernel",
             text("the ", name_, " network"));
  record(cropped_, in_graph);
  issue_network(context);
  issue_downloads(count);
}

void NetworkRunner::issue_network(TrtContext& context) {
  check_tensorrt(tensorrt_, context.enqueue(queue_.stream()), "enqueueV3",
                 text("the ", name_, " network"));
}

void NetworkRunner::issue_downloads(int count) {
  for (std::size_t i = 0; i < layout_.outputs.size(); ++i) {
    const OutputTensor& output = layout_.outputs[i];
    copy(buffers_->outputs_pinned[i].get(), buffers_->outputs[i].get(),
         static_cast<std::size_t>(count) * output.num_floats * size_of(output.type),
         "a network's output");
  }
}

void NetworkRunner::record(const Event& event, bool in_graph) {
  Driver& driver = queue_.driver();
  const int code = in_graph ? driver.record_event_in_graph(event.get(), queue_.stream())
                            : driver.record_event(event.get(), queue_.stream());
  check_cuda(driver, code, "cudaEventRecord", text("the ", name_, " network"));
}

void NetworkRunner::copy(void* to, const void* from, std::size_t bytes, const char* subject) {
  Driver& driver = queue_.driver();
  check_cuda(driver, driver.copy(to, from, bytes, queue_.stream()), "cudaMemcpyAsync", subject);
}

void NetworkRunner::read_outputs(int count, std::span<float* const> outputs) const {
  for (std::size_t i = 0; i < layout_.outputs.size(); ++i) {
    const OutputTensor& output = layout_.outputs[i];
    read_tensor(output.type, buffers_->outputs_pinned[i].get(),
                static_cast<std::size_t>(count) * output.num_floats, outputs[i]);
  }
}

// Times are worth no failure: where the device gives none, all of it counts for the network.
RunTimes NetworkRunner::times(double total_ms) {
  Driver& driver = queue_.driver();
  float crop_ms = 0.0F;
  float infer_ms = 0.0F;
  if (driver.elapsed_ms(&crop_ms, begun_.get(), cropped_.get()) != kCudaSuccess ||
      driver.elapsed_ms(&infer_ms, cropped_.get(), done_.get()) != kCudaSuccess) {
    (void)driver.take_last_error();
    return {0.0, total_ms};
  }
  return {crop_ms, infer_ms};
}

}  // namespace kilomark::cuda
