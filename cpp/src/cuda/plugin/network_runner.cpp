#include "cuda/plugin/network_runner.hpp"

#include <algorithm>
#include <array>

#include "cuda/plugin/log.hpp"
#include "cuda/plugin/stream_capture.hpp"
#include "kilomark/error.hpp"

namespace kilomark::cuda {

namespace {

CropItem to_item(const CropRequest& crop, const HeldFrames& held) {
  if (crop.frame >= held.frames.size()) {
    fail(ErrorCode::kInvalidInput, text("a crop of frame ", crop.frame),
         text("one of ", held.frames.size(), " frames"), "crop frames that are held");
  }
  const FrameView& frame = held.frames[crop.frame];
  const PixelArea area = area_of(crop.plan, frame.width, frame.height);
  if (!held.areas[crop.frame].contains(area)) {
    fail(ErrorCode::kInvalidInput, text("a crop outside of what was held of frame ", crop.frame),
         "a crop that was named when the frame was held", "name all crops, or none");
  }
  return {crop.plan, frame};
}

}  // namespace

NetworkRunner::NetworkRunner(Device& device, TensorRt& tensorrt, const LoadedNetwork& network)
    : device_(device),
      tensorrt_(tensorrt),
      network_(network),
      buffers_(
          device.driver(), network.layout,
          static_cast<std::size_t>(std::max(network.capacity, network.layout.smallest_batch())),
          network.engine->memory_bytes()) {
  Driver& driver = device.driver();
  // Items that no crop fills are run too where a batch is padded.
  check_cuda(driver, driver.clear(buffers_.input.get(), buffers_.input.bytes(), device.stream()),
             "cudaMemsetAsync", "the ", network.name, " network");
  for (const ProfileChoice& choice : choose_batches(network.layout.profiles, network.capacity)) {
    lanes_.push_back(make_lane(choice));
  }
}

void NetworkRunner::run(HeldFrames& held, std::span<const CropRequest> crops,
                        std::span<float* const> outputs, std::size_t first, RunTimes* times) {
  const Lane& lane = lane_for(crops.size());
  const TimedEvents* const events = times != nullptr ? &timed_events() : nullptr;
  held.is_pending = true;
  if (events != nullptr) {
    record(events->begun, held.stream());
  }
  launch_crops(held, crops);
  if (events != nullptr) {
    record(events->cropped, held.stream());
  }
  launch_network(lane, held.stream());
  if (events != nullptr) {
    record(events->done, held.stream());
  }
  device_.synchronize(held.stream());
  held.is_pending = false;
  read_outputs(crops.size(), outputs, first);
  if (events != nullptr) {
    read_times(*events, *times);
  }
}

void NetworkRunner::infer(StreamHandle stream, std::span<const float> tensors,
                          std::span<float* const> outputs, std::size_t first) {
  Driver& driver = device_.driver();
  const std::size_t count = tensors.size() / network_.layout.input_size;
  Memory& pinned = buffers_.input_pinned;
  if (pinned.get() == nullptr) {
    pinned = Memory(driver, Memory::Kind::kPinned, buffers_.input.bytes(), "a network's input");
  }
  const TensorType type = network_.layout.input_type;
  write_tensor(type, tensors.data(), tensors.size(), pinned.get());
  check_cuda(
      driver,
      driver.copy(buffers_.input.get(), pinned.get(), tensors.size() * size_of(type), stream),
      "cudaMemcpyAsync", "a network's input");
  launch_network(lane_for(count), stream);
  device_.synchronize(stream);
  read_outputs(count, outputs, first);
}

NetworkRunner::Lane NetworkRunner::make_lane(const ProfileChoice& choice) {
  Lane lane{choice.batch, nullptr, {}};
  const StreamHandle stream = device_.stream();
  try {
    lane.context = make_context(choice);
    launch_network(lane, stream);  // TensorRT does some of its work in the first run, uncapturable
    device_.synchronize(stream);
    if (network_.use_graphs) {
      lane.graph = capture(choice.batch, *lane.context);
      device_.synchronize(stream);
    }
  } catch (const Error&) {  // the context may not go while its work is on the stream
    (void)device_.driver().synchronize(stream);
    throw;
  }
  return lane;
}

std::unique_ptr<TrtContext> NetworkRunner::make_context(const ProfileChoice& choice) {
  const auto check = [&](bool succeeded, const char* call) {
    check_tensorrt(tensorrt_, succeeded, call, "the ", network_.name, " network at batch ",
                   choice.batch);
  };
  std::unique_ptr<TrtContext> context = network_.engine->make_context();
  check(context != nullptr, "createExecutionContext");
  check(context->set_profile(choice.profile, device_.stream()), "setOptimizationProfileAsync");
  if (buffers_.context.bytes() > 0) {
    check(context->set_memory(buffers_.context.get(), buffers_.context.bytes()),
          "setDeviceMemoryV2");
  }
  check(context->set_input_shape(kInputName, {choice.batch, 3, network_.height, network_.width}),
        "setInputShape");
  check(context->infer_shapes(), "inferShapes");
  check_output_shapes(*context, choice.batch);
  set_addresses(*context);
  return context;
}

// TensorRT writes as much as the shapes say, whatever was allocated.
void NetworkRunner::check_output_shapes(TrtContext& context, int batch) {
  for (const OutputTensor& output : network_.layout.outputs) {
    const Shape shape = context.tensor_shape(output.name);
    const std::size_t expected = static_cast<std::size_t>(batch) * output.num_floats;
    if (count_of(shape) != expected) {
      fail(ErrorCode::kBundle,
           text("\"", output.name, "\" of ", to_text(shape), " at batch ", batch,
                " in the engine of the ", network_.name, " network"),
           text(expected, " numbers"), "build the engine again from the bundle");
    }
  }
}

void NetworkRunner::set_addresses(TrtContext& context) {
  const auto set = [&](const std::string& name, void* address) {
    check_tensorrt(tensorrt_, context.set_address(name, address), "setTensorAddress", "\"", name,
                   "\" of the ", network_.name, " network");
  };
  set(kInputName, buffers_.input.get());
  for (std::size_t i = 0; i < network_.layout.outputs.size(); ++i) {
    set(network_.layout.outputs[i].name, buffers_.outputs[i].on_device);
  }
}

// A network that cannot be captured still runs, only with more work for the CPU at every batch.
GraphExec NetworkRunner::capture(int batch, TrtContext& context) {
  Driver& driver = device_.driver();
  const StreamHandle stream = device_.stream();
  try {
    StreamCapture capture(driver, stream);
    check_tensorrt(tensorrt_, context.enqueue(stream), "enqueueV3", "a graph");
    const Graph graph = capture.end();
    GraphExecHandle exec = nullptr;
    check_cuda(driver, driver.instantiate(&exec, graph.get()), "cudaGraphInstantiate", "a graph");
    GraphExec owned(driver, exec, &Driver::destroy_exec);
    if (driver.upload_graph(exec, stream) != kCudaSuccess) {  // then its first launch does it
      (void)driver.take_last_error();
    }
    return owned;
  } catch (const Error& error) {
    device_.synchronize(stream);  // throws where more than the capture has failed
    log_message(LogLevel::kWarning,
                text("the ", network_.name, " network runs without a CUDA graph at batch ", batch,
                     ": ", error.what()));
    return {};
  }
}

const NetworkRunner::Lane& NetworkRunner::lane_for(std::size_t count) const {
  return *std::ranges::find_if(
      lanes_, [&](const Lane& lane) { return static_cast<std::size_t>(lane.batch) >= count; });
}

void NetworkRunner::launch_crops(const HeldFrames& held, std::span<const CropRequest> crops) {
  Driver& driver = device_.driver();
  const EngineLayout& layout = network_.layout;
  const std::size_t crop_bytes = layout.input_size * size_of(layout.input_type);
  std::array<CropItem, kMaxCropsPerLaunch> items;
  for (std::size_t first = 0; first < crops.size(); first += items.size()) {
    const std::size_t count = std::min(items.size(), crops.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      items[i] = to_item(crops[first + i], held);
    }
    const CropTensor tensor{buffers_.input.as<std::byte>() + first * crop_bytes, layout.input_type,
                            network_.width, network_.height};
    check_cuda(driver,
               driver.launch_crops({items.data(), static_cast<int>(count), tensor}, held.stream()),
               "the launch of the crop kernel", "the ", network_.name, " network");
  }
}

void NetworkRunner::launch_network(const Lane& lane, StreamHandle stream) {
  if (lane.graph) {
    Driver& driver = device_.driver();
    check_cuda(driver, driver.launch_graph(lane.graph.get(), stream), "cudaGraphLaunch", "the ",
               network_.name, " network");
  } else {
    check_tensorrt(tensorrt_, lane.context->enqueue(stream), "enqueueV3", "the ", network_.name,
                   " network");
  }
}

void NetworkRunner::record(const Event& event, StreamHandle stream) {
  Driver& driver = device_.driver();
  check_cuda(driver, driver.record_event(event.get(), stream), "cudaEventRecord", "the ",
             network_.name, " network");
}

void NetworkRunner::read_outputs(std::size_t count, std::span<float* const> outputs,
                                 std::size_t first) const {
  for (std::size_t i = 0; i < network_.layout.outputs.size(); ++i) {
    const OutputTensor& output = network_.layout.outputs[i];
    read_tensor(output.type, buffers_.outputs[i].on_host, count * output.num_floats,
                outputs[i] + first * output.num_floats);
  }
}

const NetworkRunner::TimedEvents& NetworkRunner::timed_events() {
  Driver& driver = device_.driver();
  if (!timed_events_.done) {
    timed_events_ = {make_event(driver, true), make_event(driver, true), make_event(driver, true)};
  }
  return timed_events_;
}

// Times are worth no failure: where the device gives none, they are zero.
void NetworkRunner::read_times(const TimedEvents& events, RunTimes& times) {
  Driver& driver = device_.driver();
  float crop_ms = 0.0F;
  float infer_ms = 0.0F;
  if (driver.elapsed_ms(&crop_ms, events.begun.get(), events.cropped.get()) != kCudaSuccess ||
      driver.elapsed_ms(&infer_ms, events.cropped.get(), events.done.get()) != kCudaSuccess) {
    (void)driver.take_last_error();
    crop_ms = infer_ms = 0.0F;
  }
  times.crop_ms += crop_ms;
  times.infer_ms += infer_ms;
}

}  // namespace kilomark::cuda
