#include "fake_tensorrt.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <numeric>
#include <sstream>
#include <utility>

#include "cuda/batch_buffers.hpp"

namespace kilomark::cuda {

namespace {

constexpr const char* kMagic = "fake-plan";
constexpr std::array kPlaces{8.0F, 12.0F, 14.0F, 12.0F, 24.0F, 12.0F, 18.0F, 12.0F, 16.0F, 20.0F};
constexpr std::array kOffsets{-2.0F, -2.0F, 2.0F, -2.0F, 0.0F, 0.0F, -2.0F, 2.0F, 2.0F, 2.0F};

std::atomic<int> violations{0};
std::atomic<int> contexts{0};

std::size_t product(const std::vector<std::int64_t>& shape) {
  return static_cast<std::size_t>(
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

FakePlan parse_plan(std::istream& stream) {
  FakePlan plan;
  plan.profiles.clear();
  std::string word;
  int type = 0;
  while (stream >> word) {
    if (word == "input") {
      stream >> plan.width >> plan.height >> type;
      plan.input_type = static_cast<TensorType>(type);
    } else if (word == "stride") {
      stream >> plan.strides.emplace_back();
    } else if (word == "profile") {
      FakePlan::Profile& profile = plan.profiles.emplace_back();
      stream >> profile.smallest >> profile.largest;
    } else if (word == "output") {
      FakePlan::Output& output = plan.outputs.emplace_back();
      std::size_t rank = 0;
      stream >> output.name >> type >> rank;
      output.type = static_cast<TensorType>(type);
      output.shape.resize(rank);
      for (std::int64_t& size : output.shape) {
        stream >> size;
      }
    }
  }
  return plan;
}

// One item of a batch, (3, height, width).
struct Item {
  const FakePlan& plan;
  std::vector<float> values;

  [[nodiscard]] float mean(int channel, int left, int top, int width, int height) const {
    double sum = 0.0;
    for (int y = top; y < top + height; ++y) {
      for (int x = left; x < left + width; ++x) {
        sum += values[static_cast<std::size_t>((channel * plan.height + y) * plan.width + x)];
      }
    }
    return static_cast<float>(sum / (width * height));
  }
  [[nodiscard]] float channel_mean(int channel) const {
    return mean(channel, 0, 0, plan.width, plan.height);
  }
  [[nodiscard]] float all_mean(int left, int top, int width, int height) const {
    return (mean(0, left, top, width, height) + mean(1, left, top, width, height) +
            mean(2, left, top, width, height)) /
           3.0F;
  }
};

// Calls visit(stride, cell's left, cell's top) for all cells.
template <class Visit>
void for_each_cell(const FakePlan& plan, const Visit& visit) {
  for (const int stride : plan.strides) {
    for (int y = 0; y < plan.height; y += stride) {
      for (int x = 0; x < plan.width; x += stride) {
        visit(stride, x, y);
      }
    }
  }
}

std::vector<float> compute(const Item& item, const FakePlan::Output& output) {
  std::vector<float> values;
  if (output.name == "landmarks") {
    values.assign(kPlaces.begin(), kPlaces.end());
  } else if (output.name == "spread") {
    for (const int channel : {0, 1, 2, 0, 1}) {
      values.push_back(item.channel_mean(channel));
    }
  } else if (output.name == "presence") {
    values.push_back(item.all_mean(0, 0, item.plan.width, item.plan.height));
  }
  for_each_cell(item.plan, [&](int stride, int x, int y) {
    if (output.name == "scores") {
      values.push_back(item.all_mean(x, y, stride, stride));
    } else if (output.name == "distances") {
      values.insert(values.end(), 4, static_cast<float>(stride));
    } else if (output.name == "keypoints") {
      values.insert(values.end(), kOffsets.begin(), kOffsets.end());
    }
  });
  values.resize(product(output.shape));
  return values;
}

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
      const FakePlan::Profile& profile =
          state_->plan.profiles.at(static_cast<std::size_t>(state_->profile));
      state_->batch = shape[0];
      return name == "image" && shape[0] >= profile.smallest && shape[0] <= profile.largest &&
             shape == Shape{shape[0], 3, state_->plan.height, state_->plan.width};
    });
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
    const auto size = static_cast<std::size_t>(3 * plan.width * plan.height);
    const auto* const input = static_cast<const std::byte*>(state.addresses.at("image"));
    if (!driver.is_allocated(input, batch * size * size_of(plan.input_type))) {
      return Faults::kBrokenDevice;
    }
    for (std::size_t i = 0; i < batch; ++i) {
      Item item{plan, std::vector<float>(size)};
      read_tensor(plan.input_type, input + i * size * size_of(plan.input_type), size,
                  item.values.data());
      for (const FakePlan::Output& output : plan.outputs) {
        const std::vector<float> values = compute(item, output);
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

  std::vector<TensorInfo> tensors() final {
    std::vector<TensorInfo> tensors{
        {"image", true, plan_.input_type, {-1, 3, plan_.height, plan_.width}}};
    for (const FakePlan::Output& output : plan_.outputs) {
      Shape shape{-1};
      shape.insert(shape.end(), output.shape.begin(), output.shape.end());
      tensors.push_back({output.name, false, output.type, shape});
    }
    return tensors;
  }
  std::vector<ProfileShapes> profiles(const std::string& /*input*/) final {
    std::vector<ProfileShapes> shapes;
    for (const FakePlan::Profile& profile : plan_.profiles) {
      shapes.push_back({{profile.smallest, 3, plan_.height, plan_.width},
                        {profile.largest, 3, plan_.height, plan_.width}});
    }
    return shapes;
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

std::string FakePlan::serialize() const {
  std::ostringstream stream;
  stream << kMagic << " input " << width << ' ' << height << ' ' << static_cast<int>(input_type);
  for (const int stride : strides) {
    stream << " stride " << stride;
  }
  for (const Profile& profile : profiles) {
    stream << " profile " << profile.smallest << ' ' << profile.largest;
  }
  for (const Output& output : outputs) {
    stream << " output " << output.name << ' ' << static_cast<int>(output.type) << ' '
           << output.shape.size();
    for (const std::int64_t size : output.shape) {
      stream << ' ' << size;
    }
  }
  return stream.str();
}

FakePlan fake_landmark_plan(int size) {
  FakePlan plan;
  plan.width = plan.height = size;
  plan.outputs = {{"landmarks", TensorType::kFloat, {5, 2}},
                  {"spread", TensorType::kFloat, {5}},
                  {"presence", TensorType::kFloat, {}}};
  return plan;
}

FakePlan fake_finder_plan(int size) {
  FakePlan plan;
  plan.width = plan.height = size;
  plan.strides = {8, 16};
  const std::int64_t cells = std::int64_t{size} * size / 64 + std::int64_t{size} * size / 256;
  plan.outputs = {{"scores", TensorType::kFloat, {cells}},
                  {"distances", TensorType::kFloat, {cells, 4}},
                  {"keypoints", TensorType::kFloat, {cells, 5, 2}}};
  return plan;
}

FakeTensorRt::FakeTensorRt(FakeDriver& driver)
    : driver_(driver), errors_(std::make_shared<std::string>()) {}

std::unique_ptr<TrtEngine> FakeTensorRt::load(std::span<const std::byte> plan) {
  std::istringstream stream(std::string(reinterpret_cast<const char*>(plan.data()), plan.size()));
  std::string magic;
  stream >> magic;
  if (magic != kMagic || driver_.fault("deserializeCudaEngine") != 0) {
    *errors_ = "Serialization assertion header.magicTag";
    return nullptr;
  }
  return std::make_unique<FakeEngine>(driver_, parse_plan(stream), errors_);
}

std::string FakeTensorRt::take_errors() { return std::exchange(*errors_, {}); }

int FakeTensorRt::take_violations() { return violations.exchange(0); }

int FakeTensorRt::num_contexts() { return contexts; }

}  // namespace kilomark::cuda
