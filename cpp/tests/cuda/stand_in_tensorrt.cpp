#include "stand_in_tensorrt.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "cuda/plugin/handles.hpp"
#include "fake_plan.hpp"
#include "stand_in_kernels.hpp"

namespace kilomark::cuda {

namespace {

// A plan, and what its outputs hold: the values of all of them, one after another, on the device.
class LoadedPlan {
 public:
  LoadedPlan(Driver& driver, FakePlan plan) : plan_(std::move(plan)) {
    std::vector<FakeValue> values;
    for (const FakePlan::Output& output : plan_.outputs) {
      const std::vector<FakeValue> some = plan_.values(output);
      values.insert(values.end(), some.begin(), some.end());
    }
    num_values_ = values.size();
    values_ = Memory(driver, Memory::Kind::kDevice, num_values_ * sizeof(FakeValue), "a fake plan");
    check_cuda(driver, driver.copy(values_.get(), values.data(), values_.bytes(), nullptr),
               "cudaMemcpyAsync", "a fake plan");
    check_cuda(driver, driver.synchronize(nullptr), "cudaStreamSynchronize", "a fake plan");
  }

  [[nodiscard]] const FakePlan& plan() const { return plan_; }

  // Of the numbers of the largest batch.
  [[nodiscard]] std::size_t context_bytes() const {
    const int largest = std::ranges::max(plan_.profiles, {}, &FakePlan::Profile::largest).largest;
    return static_cast<std::size_t>(largest) * num_values_ * sizeof(float);
  }

  [[nodiscard]] int enqueue(int batch, void* memory, const std::map<std::string, void*>& addresses,
                            StreamHandle stream) const {
    auto* const numbers = static_cast<float*>(memory);
    const auto num_values = static_cast<int>(num_values_);
    int code = launch_numbers({values_.as<FakeValue>(), num_values, addresses.at("image"),
                               plan_.input_type, plan_.width, plan_.height, batch, numbers},
                              stream);
    std::size_t first = 0;
    for (const FakePlan::Output& output : plan_.outputs) {
      const std::size_t size = output.size();
      if (code == kCudaSuccess) {
        code = launch_output({numbers + first, num_values, static_cast<int>(size), batch,
                              addresses.at(output.name), output.type},
                             stream);
      }
      first += size;
    }
    return code;
  }

 private:
  FakePlan plan_;
  std::size_t num_values_ = 0;
  Memory values_;
};

class StandInContext final : public TrtContext {
 public:
  StandInContext(const LoadedPlan& loaded, std::shared_ptr<std::string> errors)
      : loaded_(loaded), errors_(std::move(errors)) {}

  bool set_profile(int profile, StreamHandle /*stream*/) final {
    profile_ = profile;
    const auto count = static_cast<int>(loaded_.plan().profiles.size());
    return check(profile >= 0 && profile < count, "a profile that is not there");
  }
  bool set_memory(void* memory, std::size_t bytes) final {
    memory_ = memory;
    return check(memory != nullptr && bytes >= loaded_.context_bytes(), "too little memory");
  }
  bool set_input_shape(const std::string& name, const Shape& shape) final {
    batch_ = static_cast<int>(shape[0]);
    return check(name == "image" && loaded_.plan().takes(profile_, shape), "another shape");
  }
  bool infer_shapes() final { return check(batch_ > 0, "no shape"); }
  Shape tensor_shape(const std::string& name) final {
    return loaded_.plan().shape_of(name, batch_);
  }
  bool set_address(const std::string& name, void* address) final {
    addresses_[name] = address;
    return check(address != nullptr, "no address");
  }
  bool enqueue(StreamHandle stream) final {
    const bool is_set_up =
        memory_ != nullptr && batch_ > 0 && addresses_.size() == 1 + loaded_.plan().outputs.size();
    return check(is_set_up, "a context that is not set up") &&
           check(loaded_.enqueue(batch_, memory_, addresses_, stream) == kCudaSuccess,
                 "a kernel that cannot be launched");
  }

 private:
  bool check(bool holds, const char* otherwise) {
    if (!holds) {
      *errors_ = otherwise;
    }
    return holds;
  }

  const LoadedPlan& loaded_;
  std::shared_ptr<std::string> errors_;
  int profile_ = 0;
  int batch_ = 0;
  void* memory_ = nullptr;
  std::map<std::string, void*> addresses_;
};

class StandInEngine final : public TrtEngine {
 public:
  StandInEngine(Driver& driver, FakePlan plan, std::shared_ptr<std::string> errors)
      : loaded_(driver, std::move(plan)), errors_(std::move(errors)) {}

  std::vector<TensorInfo> tensors() final { return loaded_.plan().tensors(); }
  std::vector<ProfileShapes> profiles(const std::string& /*input*/) final {
    return loaded_.plan().profile_shapes();
  }
  std::size_t memory_bytes() final { return loaded_.context_bytes(); }
  std::unique_ptr<TrtContext> make_context() final {
    return std::make_unique<StandInContext>(loaded_, errors_);
  }

 private:
  LoadedPlan loaded_;
  std::shared_ptr<std::string> errors_;
};

}  // namespace

std::unique_ptr<TrtEngine> StandInTensorRt::load(std::span<const std::byte> plan) {
  std::optional<FakePlan> parsed = parse_fake_plan(plan);
  if (!parsed) {
    *errors_ = "Serialization assertion header.magicTag";
    return nullptr;
  }
  return std::make_unique<StandInEngine>(driver_, std::move(*parsed), errors_);
}

std::string StandInTensorRt::take_errors() { return std::exchange(*errors_, {}); }

}  // namespace kilomark::cuda
