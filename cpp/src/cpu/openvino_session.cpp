#include "cpu/openvino_session.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>
#include <utility>

#include "cpu/openvino_core.hpp"
#include "cpu/value_sizes.hpp"
#include "kilomark/error.hpp"
#include "kilomark/limits.hpp"
#include "kilomark/onnx_check.hpp"
#include "system/process.hpp"
#include "text.hpp"

namespace kilomark::cpu {

namespace {

constexpr const char* kInputName = "image";

// One lane computes while others crop or copy; more would only wait for the same cores.
constexpr std::size_t kMaxLanes = 4;

// Compilations of their own that the sizes of a network may have, single items and batches counted
// apart.
constexpr std::size_t kMaxCompilations = 6;
constexpr std::size_t kAnyCount = 2;

// The most items that are run together in any number.
constexpr std::size_t kMostOfAnyCount = 8;

// Whether a network's work goes to threads that it shares with all others of the process. Each queue
// of work has its own places for the threads of TBB, the library that OpenVINO computes with. TBB
// splits a layer's work among these places, and keeps 256 bytes for each part until a thread has been
// there (issue 1403 of oneTBB). With several queues for the same cores some places see no thread for
// as long as calls go on: memory grew by 60 KB a call. The shared threads are those of all cores.
bool shares_threads(int num_threads) {
  return num_threads > 1 && num_threads == system::usable_cores();
}

OpenvinoModel read_model(const NetworkSpec& spec) {
  check_onnx(*spec.model);  // OpenVINO 2026.0 may crash on bytes of another format
  (void)openvino_api();     // its absence is not the model's fault
  try {
    return OpenvinoModel(*spec.model);
  } catch (const OpenvinoFailure& failure) {
    fail(ErrorCode::kBundle,
         text("a model of the ", spec.name, " network that cannot be read (", spec.model->size(),
              " bytes): ", failure.what()),
         "an ONNX file", "export the bundle again, or install it again");
  }
}

[[noreturn]] void fail_port(const NetworkSpec& spec, const std::string& found,
                            const std::string& expected) {
  fail(ErrorCode::kBundle, text(found, " in the model of the ", spec.name, " network"), expected,
       "make manifest and model agree; export the bundle again");
}

// Finds a port by name. OpenVINO throws for an unknown name; what is there is of more use to a
// person.
Port find_port(const NetworkSpec& spec, const OpenvinoModel& model, Direction direction,
               const std::string& name) {
  try {
    return model.find(direction, name);
  } catch (const OpenvinoFailure&) {
    std::string names;
    for (std::size_t i = 0; i < model.count(direction); ++i) {
      const std::string other = model.name(direction, i);
      names += names.empty() ? "" : ", ";
      names += other.empty() ? "(unnamed)" : other;
    }
    fail_port(spec, text("the names ", names), text("\"", name, "\""));
  }
}

void check_port(const NetworkSpec& spec, const Port& port, const std::string& name,
                const OpenShape& expected) {
  if (port.type != openvino::ElementType::kF32) {
    fail_port(spec, text("\"", name, "\" of another type than f32 ", port.shape),
              text("f32 ", expected));
  }
  if (!port.shape.is_compatible(expected)) {
    fail_port(spec, text("\"", name, "\" of f32 ", port.shape), text("f32 ", expected));
  }
}

LengthRange fixed(std::size_t length) {
  return {static_cast<std::int64_t>(length), static_cast<std::int64_t>(length)};
}

// The shape as the model has it at first; see OpenvinoSession::Compiled.
OpenShape to_open_shape(const InputShape& shape, int max_batch) {
  const auto to_side = [](int side) {
    return side == 0 ? LengthRange{1, kMaxInputSide} : LengthRange{side, side};
  };
  const LengthRange count = shape.count == 1 ? LengthRange{1, 1} : LengthRange{1, max_batch};
  return {true, {count, fixed(3), to_side(shape.height), to_side(shape.width)}};
}

OpenShape channels_last(OpenShape shape) {
  std::rotate(shape.dimensions.begin() + 1, shape.dimensions.begin() + 2, shape.dimensions.end());
  return shape;
}

void check_output(const NetworkSpec& spec, const OpenvinoModel& model, const NamedOutput& output,
                  int max_batch) {
  OpenShape expected{true, {{1, max_batch}}};
  std::ranges::transform(output.shape, std::back_inserter(expected.dimensions), fixed);
  const Port port = find_port(spec, model, Direction::kOutput, output.name);
  check_port(spec, port, output.name, expected);
  const auto& sizes = port.shape.dimensions;
  if (max_batch > 1 && !sizes.empty() && sizes.front().is_static()) {
    fail_port(spec, text("\"", output.name, "\" with a fixed batch of ", sizes.front().min),
              "a dynamic batch dimension");
  }
}

// Checks names, types and shapes for any batch, and leaves the model with the batch
// dimension 1..max_batch.
void check_model(const NetworkSpec& spec, OpenvinoModel& model, int max_batch) {
  const std::size_t num_inputs = model.count(Direction::kInput);
  if (num_inputs != 1) {
    fail_port(spec, text(num_inputs, " inputs"), text("one, \"", kInputName, "\""));
  }
  const OpenShape shape =
      to_open_shape({kAnyCount, spec.input.height, spec.input.width}, max_batch);
  check_port(spec, find_port(spec, model, Direction::kInput, kInputName), kInputName, shape);
  try {
    model.reshape(shape);
  } catch (const OpenvinoFailure& failure) {
    fail_port(spec, text("no way to run at ", shape, ": ", failure.what()), "dynamic dimensions");
  }
  for (const NamedOutput& output : spec.outputs) {
    check_output(spec, model, output, max_batch);
  }
}

// Refuses a network that would fill the memory with one value: shapes come from a file.
void check_sizes(const NetworkSpec& spec) {
  const OpenShape input = to_open_shape({1, spec.input.height, spec.input.width}, 1);
  const OpenShape absurd = find_absurd_value(*spec.model, input);
  if (absurd.has_rank) {
    fail_port(spec, text("a value of shape ", absurd),
              text("1 to ", kMaxValueElements, " numbers"));
  }
}

}  // namespace

std::size_t InputShape::item_size() const {
  return 3 * static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
}

std::span<float> OpenvinoSession::Lane::input_for(const InputShape& shape) {
  const std::size_t size = shape.count * shape.item_size();
  if (input.size() < size) {
    input.resize(size);
  }
  return std::span(input).first(size);
}

OpenvinoSession::OpenvinoSession(const NetworkSpec& spec, const SessionOptions& options)
    : name_(spec.name), options_(options), model_(read_model(spec)) {
  check_model(spec, model_, options.max_batch);
  for (const NamedOutput& output : spec.outputs) {
    output_names_.push_back(output.name);
  }
  const InputShape shape{1, spec.input.height, spec.input.width};
  try {
    check_sizes(spec);
    model_.put_channels_last();
    compiled_.push_back({shape, compile(shape)});
  } catch (const OpenvinoFailure& failure) {
    fail(ErrorCode::kInference,
         text("a ", name_, " network that does not compile: ", failure.what()),
         "operators that OpenVINO runs on the CPU", "export the network with other operators");
  }
}

OpenvinoSession::~OpenvinoSession() { note_kept_threads(); }

openvino::CompiledModelHandle OpenvinoSession::compile(const InputShape& shape) {
  model_.reshape(channels_last(to_open_shape(shape, options_.max_batch)));
  openvino::Core* const core = openvino_core();
  // TBB would divide the work among threads that a forked child does not have, and keep memory for
  // each part; see shares_threads().
  const int num_threads = can_start_workers() ? options_.num_threads : 1;
  const std::string threads_text = text(num_threads);
  const std::array properties{
      "PERFORMANCE_HINT",
      "LATENCY",
      "NUM_STREAMS",
      "1",
      "INFERENCE_NUM_THREADS",
      threads_text.c_str(),
      "INFERENCE_PRECISION_HINT",
      options_.in_bf16 ? "bf16" : "f32",
      // Matrices that are stored as int8 are multiplied in float32. By default their inputs would be
      // rounded to 8 bits, which moves landmarks by 0.1 px.
      "DYNAMIC_QUANTIZATION_GROUP_SIZE",
      "0",
      // One queue of work for all networks; see shares_threads().
      "EXCLUSIVE_ASYNC_REQUESTS",
      shares_threads(num_threads) ? "YES" : "NO",
      // Other programs use the same cores; a thread that is tied to a busy one waits for it.
      "ENABLE_CPU_PINNING",
      "NO",
      "CACHE_DIR",  // "": no cache
      options_.cache_folder.c_str(),
  };
  openvino::CompiledModel* compiled = nullptr;
  const NamedThreads named;
  note_kept_threads();
  note_work();
  check(std::apply(
      [&](auto... texts) {
        return openvino_api().core_compile_model(core, model_.get(), "CPU", sizeof...(texts),
                                                 &compiled, texts...);
      },
      properties));
  return openvino::CompiledModelHandle(compiled);
}

OpenvinoSession::Compiled* OpenvinoSession::find_compiled(const InputShape& shape) {
  const auto found = std::ranges::find(compiled_, shape, &Compiled::shape);
  return found == compiled_.end() ? nullptr : &*found;
}

std::size_t OpenvinoSession::count_at_once(const InputShape& shape) {
  const std::scoped_lock lock(compiling_);
  const bool has_own = compiled_.size() < kMaxCompilations ||
                       find_compiled({kAnyCount, shape.height, shape.width}) != nullptr;
  if (!has_own) {
    return 1;
  }
  return shape.count <= kMostOfAnyCount ? shape.count : std::bit_floor(shape.count);
}

OpenvinoSession::Compiled& OpenvinoSession::compiled_for(const InputShape& shape) {
  InputShape wanted = shape;
  wanted.count = std::min(shape.count, kAnyCount);
  const std::scoped_lock lock(compiling_);
  Compiled* found = find_compiled(wanted);
  if (found == nullptr && compiled_.size() >= kMaxCompilations) {
    wanted = {kAnyCount, 0, 0};
    found = find_compiled(wanted);
  }
  if (found != nullptr) {
    return *found;
  }
  compiled_.push_back({wanted, compile(wanted)});
  return compiled_.back();
}

OpenvinoSession::Request& OpenvinoSession::request_for(Lane& lane, const InputShape& shape) {
  Compiled& compiled = compiled_for(shape);
  Request& request = lane.requests[compiled.shape];
  if (request.handle == nullptr) {
    request.handle = openvino::make<openvino::InferRequestHandle>(
        openvino_api().compiled_model_create_infer_request, compiled.model.get());
  }
  return request;
}

// The request keeps the tensor, so one that reads the same numbers need not be set again.
void OpenvinoSession::set_input(Request& request, Lane& lane, const InputShape& shape) const {
  if (request.shape == shape && request.input == lane.input.data()) {
    return;
  }
  const openvino::Api& api = openvino_api();
  std::int64_t sizes[] = {static_cast<std::int64_t>(shape.count), shape.height, shape.width, 3};
  const auto tensor = openvino::make<openvino::TensorHandle>(
      api.tensor_create_from_host_ptr, openvino::ElementType::kF32, openvino::Shape{4, sizes},
      lane.input.data());
  check(api.infer_request_set_tensor(request.handle.get(), kInputName, tensor.get()));
  request.shape = shape;
  request.input = lane.input.data();
}

namespace {

void copy_output(const openvino::InferRequest* request, const std::string& name,
                 std::span<float> output) {
  const openvino::Api& api = openvino_api();
  const auto tensor =
      openvino::make<openvino::TensorHandle>(api.infer_request_get_tensor, request, name.c_str());
  std::size_t size = 0;
  check(api.tensor_get_size(tensor.get(), &size));
  if (size != output.size()) {
    throw OpenvinoFailure(
        text("output \"", name, "\" has ", size, " numbers, not ", output.size()));
  }
  void* data = nullptr;
  check(api.tensor_data(tensor.get(), &data));
  std::ranges::copy_n(static_cast<const float*>(data), std::ssize(output), output.begin());
}

}  // namespace

void OpenvinoSession::run(Lane& lane, const InputShape& shape,
                          std::span<const std::span<float>> outputs) {
  const openvino::Api& api = openvino_api();
  note_work();
  try {
    Request& request = request_for(lane, shape);
    set_input(request, lane, shape);
    // Not infer(), which computes on the calling thread: OpenVINO then keeps something of the model
    // in that thread's local storage and frees it when the thread ends. Python counts a thread as
    // ended before that, so that the model could be freed at the same time: a crash in one of 80
    // test runs.
    check(api.infer_request_start_async(request.handle.get()));
    check(api.infer_request_wait(request.handle.get()));
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      copy_output(request.handle.get(), output_names_[i], outputs[i]);
    }
  } catch (const OpenvinoFailure& failure) {
    fail(ErrorCode::kInference,
         text("a ", name_, " network that fails on a batch of ", shape.count, ": ", failure.what()),
         "outputs as the manifest says", "check the exported model with this batch size");
  }
}

OpenvinoSession::Lease OpenvinoSession::lease() {
  std::unique_lock lock(mutex_);
  if (free_lanes_.empty() && lanes_made_ < kMaxLanes) {
    auto lane = std::make_unique<Lane>();
    free_lanes_.reserve(kMaxLanes);  // so that give_back() cannot fail
    ++lanes_made_;
    return {*this, std::move(lane)};
  }
  lane_returned_.wait(lock, [&] { return !free_lanes_.empty(); });
  std::unique_ptr<Lane> lane = std::move(free_lanes_.back());
  free_lanes_.pop_back();
  return {*this, std::move(lane)};
}

void OpenvinoSession::give_back(std::unique_ptr<Lane> lane) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    free_lanes_.push_back(std::move(lane));
  }
  lane_returned_.notify_one();
}

OpenvinoSession::Lease::~Lease() { session_.give_back(std::move(lane_)); }

}  // namespace kilomark::cpu
