#include "fake_tensorrt.hpp"

#include <atomic>
#include <map>
#include <utility>

#include "cuda/plugin/batch_buffers.hpp"

namespace kilomark::cuda {

namespace {

std::atomic<int> violations{0};
std::atomic<int> contexts{0};

// One item of a batch, (3, height, width).
struct Item {
  const FakePlan& plan;
  std::vector<float> numbers;

  [[nodiscard]] float compute(const FakeValue& value) const {
    if (value.width == 0) {
      return value.constant;
    }
    double sum = 0.0;
    for (int c = value.first_channel; c < value.first_channel + value.num_channels; ++c) {
      for (int y = value.top; y < value.top + value.height; ++y) {
        for (int x = value.left; x < value.left + value.width; ++x) {
          sum += numbers[static_cast<std::size_t>((c * plan.height + y) * plan.width + x)];
        }
      }
    }
    return static_cast<float>(sum / (value.num_channels * value.width * value.height));
  }
};

// What a context is set to. Graphs hold it, so that it outlives the context and can tell.
struct ContextState {
  FakePlan plan;
  int profile = -1;
  std::int64_t batch = 0;
  bool has_memory = false;
  bool has_run = false;
  bool is_alive = true;
  int version = 0;  // grows with every change
  std::map<std::string, void*> addresses;
};

class FakeContext final : public TrtContext {
 public:
  FakeContext(FakeDriver& driver, FakePlan plan, std::shared_ptr<std::string> errors)
      : driver_(driver), errors_(std::move(errors)), state_(std::make_shared<ContextState>()) {
    state_->plan = std::move(plan);
    ++contexts;
  }
  ~FakeContext() final {
    state_->is_alive = false;
    --contexts;
  }

  bool set_profile(int profile, StreamHandle /*stream*/) final {
    return change("setOptimizationProfileAsync", [&] {
      state_->profile = profile;
      return profile >= 0 && profile < static_cast<int>(state_->plan.profiles.size());
    });
  }
  bool set_memory(void* memory, std::size_t bytes) final {
    return change("setDeviceMemoryV2", [&] {
      state_->has_memory = driver_.is_allocated(memory, bytes);
      return state_->has_memory;
    });
  }
  bool set_input_shape(const std::string& name, const Shape& shape) final {
    return change("setInputShape", [&] {
      state_->batch = shape[0];
      return name == "image" && state_->plan.takes(state_->profile, shape);
    });
  }
  bool infer_shapes() final { return !fails("inferShapes") && state_->batch > 0; }
  Shape tensor_shape(const std::string& name) final {
    return state_->plan.shape_of(name, state_->batch);
  }
  bool set_address(const std::string& name, void* address) final {
    return change("setTensorAddress", [&] {
      state_->addresses[name] = address;
      return address != nullptr;
    });
  }

  bool enqueue(StreamHandle stream) final {
    if (fails("enqueueV3") || !state_->has_memory || state_->batch == 0 ||
        state_->addresses.size() != 1 + state_->plan.outputs.size()) {
      *errors_ = "a context that is not set up, or a test's error";
      return false;
    }
    if (driver_.is_capturing(stream) && !state_->has_run) {
      ++violations;
    }
    state_->has_run = true;
    const std::shared_ptr<ContextState> state = state_;
    FakeDriver& driver = driver_;
    return driver_.enqueue(stream, [state, &driver, version = state->version] {
      if (!state->is_alive || state->version != version) {
        ++violations;
      }
      return execute(driver, *state);
    }) == 0;
  }

 private:
  static int execute(FakeDriver& driver, const ContextState& state) {
    const FakePlan& plan = state.plan;
    const auto batch = static_cast<std::size_t>(state.batch);
    const std::size_t size = plan.input_size();
    const auto* const input = static_cast<const std::byte*>(state.addresses.at("image"));
    if (!driver.is_allocated(input, batch * size * size_of(plan.input_type))) {
      return Faults::kBrokenDevice;
    }
    for (std::size_t i = 0; i < batch; ++i) {
      Item item{plan, std::vector<float>(size)};
      read_tensor(plan.input_type, input + i * size * size_of(plan.input_type), size,
                  item.numbers.data());
      for (const FakePlan::Output& output : plan.outputs) {
        std::vector<float> values;
        for (const FakeValue& value : plan.values(output)) {
          values.push_back(item.compute(value));
        }
        const std::size_t bytes = values.size() * size_of(output.type);
        auto* const target = static_cast<std::byte*>(state.addresses.at(output.name)) + i * bytes;
        if (!driver.is_allocated(target, bytes)) {
          return Faults::kBrokenDevice;
        }
        write_tensor(output.type, values.data(), values.size(), target);
      }
    }
    return 0;
  }

  bool fails(const char* call) {
    if (driver_.fault(call) == 0) {
      return false;
    }
    *errors_ = "a test's error";
    return true;
  }

  template <class Change>
  bool change(const char* call, const Change& apply) {
    if (fails(call)) {
      return false;
    }
    ++state_->version;
    state_->has_run = false;
    return apply();
  }

  FakeDriver& driver_;
  std::shared_ptr<std::string> errors_;
  std::shared_ptr<ContextState> state_;
};

class FakeEngine final : public TrtEngine {
 public:
  FakeEngine(FakeDriver& driver, FakePlan plan, std::shared_ptr<std::string> errors)
      : driver_(driver), plan_(std::move(plan)), errors_(std::move(errors)) {}

  std::vector<TensorInfo> tensors() final { return plan_.tensors(); }
  std::vector<ProfileShapes> profiles(const std::string& /*input*/) final {
    return plan_.profile_shapes();
  }
  std::size_t memory_bytes() final { return 4096; }
  std::unique_ptr<TrtContext> make_context() final {
    if (driver_.fault("createExecutionContext") != 0) {
      *errors_ = "a test's error";
      return nullptr;
    }
    return std::make_unique<FakeContext>(driver_, plan_, errors_);
  }

 private:
  FakeDriver& driver_;
  FakePlan plan_;
  std::shared_ptr<std::string> errors_;
};

}  // namespace

FakeTensorRt::FakeTensorRt(FakeDriver& driver)
    : driver_(driver), errors_(std::make_shared<std::string>()) {}

std::unique_ptr<TrtEngine> FakeTensorRt::load(std::span<const std::byte> plan) {
  std::optional<FakePlan> parsed = parse_fake_plan(plan);
  if (!parsed || driver_.fault("deserializeCudaEngine") != 0) {
    *errors_ = "Serialization assertion header.magicTag";
    return nullptr;
  }
  return std::make_unique<FakeEngine>(driver_, std::move(*parsed), errors_);
}

std::string FakeTensorRt::take_errors() { return std::exchange(*errors_, {}); }

int FakeTensorRt::take_violations() { return violations.exchange(0); }

int FakeTensorRt::num_contexts() { return contexts; }

}  // namespace kilomark::cuda
