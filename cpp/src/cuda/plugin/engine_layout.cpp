#include "cuda/plugin/engine_layout.hpp"

#include <algorithm>

#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

constexpr int kNoLimit = 1 << 20;  // of the batch of an engine without profiles of it

[[noreturn]] void fail_engine(const NetworkConfig& network, const std::string& found,
                              const std::string& expected) {
  fail(ErrorCode::kBundle, text(found, " in the engine of the ", network.name, " network"),
       expected, "build the engine again from the bundle");
}

const TensorInfo& find_tensor(const std::vector<TensorInfo>& tensors, const NetworkConfig& network,
                              const std::string& name, bool is_input) {
  std::string names;
  for (const TensorInfo& tensor : tensors) {
    if (tensor.name == name && tensor.is_input == is_input) {
      return tensor;
    }
    names += text(names.empty() ? "" : ", ", tensor.name);
  }
  fail_engine(network, text("the tensors ", names),
              text(is_input ? "an input \"" : "an output \"", name, "\""));
}

TensorType check_type(const NetworkConfig& network, const TensorInfo& tensor) {
  if (!tensor.type) {
    fail_engine(network, text("\"", tensor.name, "\" of another type"), "float32 or float16");
  }
  return *tensor.type;
}

void check_input_shape(const NetworkConfig& network, const Shape& shape) {
  const Shape expected{-1, 3, network.height, network.width};
  const bool fits = shape.size() == expected.size() &&
                    std::ranges::equal(shape, expected, [](auto is, auto want) {
                      return is == -1 || want == -1 || is == want;
                    });
  if (!fits) {
    fail_engine(network, text("an input of ", to_text(shape)), to_text(expected));
  }
}

OutputTensor read_output(const NetworkConfig& network, const TensorInfo& tensor,
                         std::size_t num_floats) {
  std::size_t product = 1;
  bool is_known = !tensor.shape.empty();
  for (std::size_t i = 1; i < tensor.shape.size(); ++i) {
    is_known = is_known && tensor.shape[i] >= 0;
    product *= static_cast<std::size_t>(std::max<std::int64_t>(tensor.shape[i], 0));
  }
  if (tensor.shape.empty() || (is_known && product != num_floats)) {
    fail_engine(network, text("\"", tensor.name, "\" of ", to_text(tensor.shape)),
                text("a batch of ", num_floats, " numbers each"));
  }
  return {tensor.name, check_type(network, tensor), num_floats};
}

// Leaves out profiles that are made for another size of image.
std::vector<BatchProfile> read_profiles(TrtEngine& engine, const NetworkConfig& network,
                                        const Shape& input) {
  if (input[0] != -1) {  // a fixed batch
    return {{0, static_cast<int>(input[0]), static_cast<int>(input[0])}};
  }
  std::vector<BatchProfile> fitting;
  const std::vector<ProfileShapes> profiles = engine.profiles(kInputName);
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    const auto& [smallest, largest] = profiles[i];
    if (smallest.size() == 4 && largest.size() == 4 && smallest[2] <= network.height &&
        network.height <= largest[2] && smallest[3] <= network.width &&
        network.width <= largest[3]) {
      const auto batch = [](std::int64_t size) {
        return static_cast<int>(std::clamp<std::int64_t>(size, 1, kNoLimit));
      };
      fitting.push_back({static_cast<int>(i), batch(smallest[0]), batch(largest[0])});
    }
  }
  if (fitting.empty()) {
    fail_engine(network, text(profiles.size(), " profiles, none for this size"),
                text("a profile for images of ", network.width, " x ", network.height, " px"));
  }
  return fitting;
}

}  // namespace

std::string to_text(const Shape& shape) {
  std::string joined;
  for (const std::int64_t size : shape) {
    joined += text(joined.empty() ? "" : ", ", size);
  }
  return text("(", joined, ")");
}

std::size_t count_of(const Shape& shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) {
    count *= static_cast<std::size_t>(std::max<std::int64_t>(size, 0));
  }
  return count;
}

int EngineLayout::largest_batch() const {
  return std::ranges::max(profiles, {}, &BatchProfile::largest).largest;
}

int EngineLayout::smallest_batch() const {
  return std::ranges::min(profiles, {}, &BatchProfile::smallest).smallest;
}

EngineLayout read_engine_layout(TrtEngine& engine, const NetworkConfig& network) {
  const std::vector<TensorInfo> tensors = engine.tensors();
  if (tensors.size() != 1 + network.num_outputs) {
    fail_engine(network, text(tensors.size(), " inputs and outputs"),
                text("one input and ", network.num_outputs, " outputs"));
  }
  const TensorInfo& input = find_tensor(tensors, network, kInputName, true);
  EngineLayout layout;
  layout.input_type = check_type(network, input);
  check_input_shape(network, input.shape);
  layout.input_size =
      3 * static_cast<std::size_t>(network.width) * static_cast<std::size_t>(network.height);
  for (const OutputConfig& output : std::span(network.outputs, network.num_outputs)) {
    layout.outputs.push_back(
        read_output(network, find_tensor(tensors, network, output.name, false), output.num_floats));
  }
  layout.profiles = read_profiles(engine, network, input.shape);
  return layout;
}

ProfileChoice choose_profile(std::span<const BatchProfile> profiles, int count) {
  const BatchProfile* best = nullptr;
  ProfileChoice choice;
  for (const BatchProfile& profile : profiles) {
    const int batch = std::max(count, profile.smallest);
    if (count > profile.largest) {
      continue;
    }
    // The least padding, then the profile that is made for the smallest batches.
    if (best == nullptr || batch < choice.batch ||
        (batch == choice.batch && profile.largest < best->largest)) {
      best = &profile;
      choice = {profile.index, batch};
    }
  }
  return choice;
}

std::vector<ProfileChoice> choose_batches(std::span<const BatchProfile> profiles, int capacity) {
  std::vector<ProfileChoice> batches;
  int largest = 0;
  for (int count = 1; largest < capacity; count = std::min(2 * count, capacity)) {
    const ProfileChoice choice = choose_profile(profiles, count);
    if (choice.batch > largest) {
      batches.push_back(choice);
      largest = choice.batch;
    }
  }
  return batches;
}

}  // namespace kilomark::cuda
