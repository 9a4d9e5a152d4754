#include "cpu/openvino_session.hpp"

#include <algorithm>
#include <utility>

#include "cpu/openvino_core.hpp"
#include "cpu/out_of_memory.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::cpu {

namespace {

constexpr const char* kInputName = "image";

// One lane computes while others crop or copy; more would only wait for the same cores.
constexpr std::size_t kMaxLanes = 4;

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

ov::AnyMap make_config(const SessionOptions& options) {
  return {ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY), ov::num_streams(1),
          ov::inference_num_threads(options.num_threads),
          ov::hint::inference_precision(ov::element::f32),
          // Other programs use the same cores; a thread that is tied to a busy one waits for it.
          ov::hint::enable_cpu_pinning(false)};
}

}  // namespace

OpenvinoSession::OpenvinoSession(const NetworkSpec& spec, const SessionOptions& options)
    : name_(spec.name),
      config_(make_config(options)),
      input_shape_{1, 3, static_cast<std::size_t>(spec.input.height),
                   static_cast<std::size_t>(spec.input.width)},
      input_size_(ov::shape_size(input_shape_)),
      max_batch_(static_cast<std::size_t>(options.max_batch)),
      model_(read_model(spec)) {
  check_model(spec, *model_, options.max_batch);
  for (const NamedOutput& output : spec.outputs) {
    output_names_.push_back(output.name);
  }
  try {
    const std::shared_ptr<ov::Model> single = model_->clone();
    single->reshape(ov::PartialShape(input_shape_));
    check_sizes(spec, *single);
    single_ = openvino_core().compile_model(single, "CPU", config_);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw_if_out_of_memory(error);
    fail(ErrorCode::kInference, text("a ", name_, " network that does not compile: ", error.what()),
         "operators that OpenVINO runs on the CPU", "export the network with other operators");
  }
}

ov::CompiledModel& OpenvinoSession::batched_model() {
  std::call_once(batched_once_, [&] {
    batched_ = openvino_core().compile_model(model_, "CPU", config_);
    model_.reset();
  });
  return batched_;
}

ov::InferRequest& OpenvinoSession::request_for(Lane& lane, std::size_t count) {
  if (count == 1) {
    return lane.single;
  }
  if (!lane.batched) {
    lane.batched = batched_model().create_infer_request();
  }
  return lane.batched;
}

void OpenvinoSession::run(Lane& lane, float* input, std::size_t count,
                          std::span<const std::span<float>> outputs) {
  try {
    ov::InferRequest& request = request_for(lane, count);
    ov::Shape shape = input_shape_;
    shape[0] = count;
    request.set_tensor(kInputName, ov::Tensor(ov::element::f32, shape, input));
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
         text("a ", name_, " network that fails on a batch of ", count, ": ", error.what()),
         "outputs as the manifest says", "check the exported model with this batch size");
  }
}

std::unique_ptr<OpenvinoSession::Lane> OpenvinoSession::make_lane() {
  auto lane = std::make_unique<Lane>();
  lane->input.resize(max_batch_ * input_size_);
  lane->single = single_.create_infer_request();
  return lane;
}

OpenvinoSession::Lease OpenvinoSession::lease() {
  std::unique_lock lock(mutex_);
  if (free_lanes_.empty() && lanes_made_ < kMaxLanes) {
    std::unique_ptr<Lane> lane = make_lane();
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
