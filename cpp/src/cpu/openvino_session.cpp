#include "cpu/openvino_session.hpp"

#include <algorithm>
#include <utility>

#include "cpu/openvino_core.hpp"
#include "cpu/out_of_memory.hpp"
#include "kilomark/error.hpp"
#include "kilomark/limits.hpp"
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

constexpr std::size_t kMaxValueElements = std::size_t{1} << 28;

std::shared_ptr<ov::Model> read_model(const NetworkSpec& spec) {
  try {
    return openvino_core().read_model(*spec.model, ov::Tensor());
  } catch (const std::exception& error) {
    throw_if_out_of_memory(error);
    fail(ErrorCode::kBundle,
         text("a model of the ", spec.name, " network that cannot be read (", spec.model->size(),
              " bytes): ", error.what()),
         "an ONNX file", "export the bundle again, or install it again");
  }
}

[[noreturn]] void fail_port(const NetworkSpec& spec, const std::string& found,
                            const std::string& expected) {
  fail(ErrorCode::kBundle, text(found, " in the model of the ", spec.name, " network"), expected,
       "make manifest and model agree; export the bundle again");
}

void check_port(const NetworkSpec& spec, const ov::Output<ov::Node>& port, const std::string& name,
                const ov::PartialShape& expected) {
  const ov::PartialShape& shape = port.get_partial_shape();
  if (port.get_element_type() != ov::element::f32 || !shape.compatible(expected)) {
    fail_port(spec, text("\"", name, "\" of ", port.get_element_type(), " ", shape),
              text("f32 ", expected));
  }
}

// Finds a port by name. OpenVINO throws for an unknown name; what is there is of more use to a
// person.
ov::Output<ov::Node> find_port(const NetworkSpec& spec, const ov::OutputVector& ports,
                               const std::string& name) {
  std::string names;
  for (const ov::Output<ov::Node>& port : ports) {
    if (port.get_names().contains(name)) {
      return port;
    }
    names += names.empty() ? "" : ", ";
    names += port.get_names().empty() ? "(unnamed)" : *port.get_names().begin();
  }
  fail_port(spec, text("the names ", names), text("\"", name, "\""));
}

std::size_t to_size(ov::Dimension::value_type length) { return static_cast<std::size_t>(length); }

ov::Dimension to_dimension(std::size_t size) {
  return static_cast<ov::Dimension::value_type>(size);
}

// Checks names, types and shapes for any batch, and leaves the model with the batch
// dimension 1..max_batch.
void check_model(const NetworkSpec& spec, ov::Model& model, int max_batch) {
  const ov::OutputVector inputs = model.inputs();
  if (inputs.size() != 1) {
    fail_port(spec, text(inputs.size(), " inputs"), text("one, \"", kInputName, "\""));
  }
  const ov::PartialShape input_shape{ov::Dimension(1, max_batch), 3, spec.input.height,
                                     spec.input.width};
  check_port(spec, find_port(spec, inputs, kInputName), kInputName, input_shape);
  try {
    model.reshape(std::map<std::string, ov::PartialShape>{{kInputName, input_shape}});
  } catch (const std::exception& error) {
    throw_if_out_of_memory(error);
    fail_port(spec, text("no way to run at ", input_shape, ": ", error.what()),
              "dynamic dimensions");
  }
  for (const NamedOutput& output : spec.outputs) {
    ov::PartialShape expected{ov::Dimension(1, max_batch)};
    for (const std::size_t size : output.shape) {
      expected.push_back(to_dimension(size));
    }
    const ov::Output<ov::Node> port = find_port(spec, model.outputs(), output.name);
    check_port(spec, port, output.name, expected);
    if (max_batch > 1 && port.get_partial_shape()[0].is_static()) {
      fail_port(spec,
                text("\"", output.name, "\" with a fixed batch of ", port.get_partial_shape()[0]),
                "a dynamic batch dimension");
    }
  }
}

// Refuses a network that would fill the memory with one value: shapes come from a file.
void check_sizes(const NetworkSpec& spec, const ov::Model& model) {
  for (const std::shared_ptr<ov::Node>& node : model.get_ordered_ops()) {
    for (const ov::Output<ov::Node>& output : node->outputs()) {
      std::size_t elements = 1;
      for (const ov::Dimension& size : output.get_partial_shape()) {
        const std::size_t length = size.is_static() ? to_size(size.get_length()) : 1;
        if (length > kMaxValueElements || elements * length > kMaxValueElements) {
          fail_port(spec, text("a value of shape ", output.get_partial_shape()),
                    text("at most ", kMaxValueElements, " numbers"));
        }
        elements *= length;
      }
    }
  }
}

// The shape as OpenVINO has it; see OpenvinoSession::Compiled.
ov::PartialShape to_partial_shape(const InputShape& shape, int max_batch) {
  const auto to_side = [](int side) {
    return side == 0 ? ov::Dimension(1, kMaxInputSide) : ov::Dimension(side);
  };
  const ov::Dimension count = shape.count == 1 ? ov::Dimension(1) : ov::Dimension(1, max_batch);
  return {count, 3, to_side(shape.height), to_side(shape.width)};
}

ov::AnyMap make_config(const SessionOptions& options) {
  return {ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY), ov::num_streams(1),
          ov::inference_num_threads(options.num_threads),
          ov::hint::inference_precision(ov::element::f32),
          // Other programs use the same cores; a thread that is tied to a busy one waits for it.
          ov::hint::enable_cpu_pinning(false)};
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
    : name_(spec.name),
      config_(make_config(options)),
      max_batch_(options.max_batch),
      is_resizable_(spec.size_step > 0),
      model_(read_model(spec)) {
  check_model(spec, *model_, options.max_batch);
  for (const NamedOutput& output : spec.outputs) {
    output_names_.push_back(output.name);
  }
  const InputShape shape{1, spec.input.height, spec.input.width};
  try {
    const std::shared_ptr<ov::Model> single = model_->clone();
    single->reshape(to_partial_shape(shape, max_batch_));
    check_sizes(spec, *single);
    if (is_resizable_) {
      model_->reshape(to_partial_shape({kAnyCount, 0, 0}, max_batch_));
    }
    compiled_.push_back({shape, openvino_core().compile_model(single, "CPU", config_)});
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw_if_out_of_memory(error);
    fail(ErrorCode::kInference, text("a ", name_, " network that does not compile: ", error.what()),
         "operators that OpenVINO runs on the CPU", "export the network with other operators");
  }
}

ov::CompiledModel OpenvinoSession::compile(const InputShape& shape) const {
  const std::shared_ptr<ov::Model> model = model_->clone();
  model->reshape(to_partial_shape(shape, max_batch_));
  return openvino_core().compile_model(model, "CPU", config_);
}

OpenvinoSession::Compiled& OpenvinoSession::compiled_for(const InputShape& shape) {
  InputShape wanted = shape;
  wanted.count = std::min(shape.count, kAnyCount);
  const std::scoped_lock lock(compiling_);
  const auto find = [&] { return std::ranges::find(compiled_, wanted, &Compiled::shape); };
  auto found = find();
  if (found == compiled_.end() && compiled_.size() >= kMaxCompilations) {
    wanted = {kAnyCount, 0, 0};
    found = find();
  }
  if (found != compiled_.end()) {
    return *found;
  }
  compiled_.push_back({wanted, compile(wanted)});
  return compiled_.back();
}

ov::InferRequest& OpenvinoSession::request_for(Lane& lane, const InputShape& shape) {
  Compiled& compiled = compiled_for(shape);
  ov::InferRequest& request = lane.requests[compiled.shape];
  if (!request) {
    request = compiled.model.create_infer_request();
  }
  return request;
}

void OpenvinoSession::run(Lane& lane, const InputShape& shape,
                          std::span<const std::span<float>> outputs) {
  try {
    ov::InferRequest& request = request_for(lane, shape);
    const ov::Shape dimensions{shape.count, 3, static_cast<std::size_t>(shape.height),
                               static_cast<std::size_t>(shape.width)};
    request.set_tensor(kInputName, ov::Tensor(ov::element::f32, dimensions, lane.input.data()));
    // Not infer(), which computes on the calling thread: OpenVINO then keeps something of the model
    // in that thread's local storage and frees it when the thread ends. Python counts a thread as
    // ended before that, so that the model could be freed at the same time: a crash in one of 80
    // test runs.
    request.start_async();
    request.wait();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const ov::Tensor tensor = request.get_tensor(output_names_[i]);
      if (tensor.get_size() != outputs[i].size()) {
        throw std::runtime_error(text("output \"", output_names_[i], "\" has ", tensor.get_size(),
                                      " numbers, not ", outputs[i].size()));
      }
      std::ranges::copy_n(tensor.data<const float>(), std::ssize(outputs[i]), outputs[i].begin());
    }
  } catch (const std::exception& error) {
    throw_if_out_of_memory(error);
    fail(ErrorCode::kInference,
         text("a ", name_, " network that fails on a batch of ", shape.count, ": ", error.what()),
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
