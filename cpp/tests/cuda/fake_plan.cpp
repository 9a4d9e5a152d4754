#include "fake_plan.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <sstream>

namespace kilomark::cuda {

namespace {

constexpr const char* kMagic = "fake-plan";
constexpr std::array kPlaces{8.0F, 12.0F, 14.0F, 12.0F, 24.0F, 12.0F, 18.0F, 12.0F, 16.0F, 20.0F};
constexpr std::array kOffsets{-2.0F, -2.0F, 2.0F, -2.0F, 0.0F, 0.0F, -2.0F, 2.0F, 2.0F, 2.0F};
constexpr int kCell = 8;
constexpr int kHidden = 16;  // added to the type of an output that hides its shape

template <class Constants>
void append_constants(const Constants& constants, std::vector<FakeValue>& values) {
  for (const float constant : constants) {
    values.push_back({.constant = constant});
  }
}

// Whether the landmarks are the five constant places, not means of cells.
bool has_places(const FakePlan& plan) {
  return std::ranges::any_of(plan.outputs, [](const FakePlan::Output& output) {
    return output.name == "landmarks" && output.size() == kPlaces.size();
  });
}

// `count` means of cells, channel by channel.
std::vector<FakeValue> cell_means(const FakePlan& plan, std::size_t count) {
  std::vector<FakeValue> values;
  const int columns = plan.width / kCell;
  const int cells = columns * (plan.height / kCell);
  for (int i = 0; values.size() < count; ++i) {
    const int cell = i / 3 % cells;
    values.push_back(
        {0.0F, i % 3, 1, cell % columns * kCell, cell / columns * kCell, kCell, kCell});
  }
  return values;
}

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

FakePlan parse_words(std::istream& stream) {
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
      output.hides_shape = type >= kHidden;
      type %= kHidden;
      output.type = static_cast<TensorType>(type);
      output.shape.resize(rank);
      for (std::int64_t& size : output.shape) {
        stream >> size;
      }
    }
  }
  return plan;
}

}  // namespace

std::size_t FakePlan::Output::size() const {
  return static_cast<std::size_t>(
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

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
    stream << " output " << output.name << ' '
           << static_cast<int>(output.type) + (output.hides_shape ? kHidden : 0) << ' '
           << output.shape.size();
    for (const std::int64_t size : output.shape) {
      stream << ' ' << size;
    }
  }
  return stream.str();
}

std::size_t FakePlan::input_size() const {
  return 3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
}

std::vector<FakeValue> FakePlan::values(const Output& output) const {
  std::vector<FakeValue> values;
  if (output.name == "landmarks" && output.size() == kPlaces.size()) {
    append_constants(kPlaces, values);
  } else if (output.name == "landmarks") {
    values = cell_means(*this, output.size());
  } else if (output.name == "spread") {
    for (const int channel : {0, 1, 2, 0, 1}) {
      values.push_back({0.0F, channel, 1, 0, 0, width, height});
    }
  } else if (output.name == "presence" && has_places(*this)) {
    values.push_back({0.0F, 0, 3, 0, 0, width, height});
  } else if (output.name == "presence") {
    append_constants(std::vector<float>{1.0F}, values);
  }
  for_each_cell(*this, [&](int stride, int x, int y) {
    if (output.name == "scores") {
      values.push_back({0.0F, 0, 3, x, y, stride, stride});
    } else if (output.name == "distances") {
      append_constants(std::vector<float>(4, static_cast<float>(stride)), values);
    } else if (output.name == "keypoints") {
      append_constants(kOffsets, values);
    }
  });
  values.resize(output.size());
  return values;
}

std::vector<TensorInfo> FakePlan::tensors() const {
  std::vector<TensorInfo> tensors{{"image", true, input_type, {-1, 3, height, width}}};
  for (const Output& output : outputs) {
    Shape shape{-1};
    shape.insert(shape.end(), output.shape.begin(), output.shape.end());
    if (output.hides_shape) {
      std::ranges::fill(shape, -1);
    }
    tensors.push_back({output.name, false, output.type, shape});
  }
  return tensors;
}

std::vector<ProfileShapes> FakePlan::profile_shapes() const {
  std::vector<ProfileShapes> shapes;
  for (const Profile& profile : profiles) {
    shapes.push_back({{profile.smallest, 3, height, width}, {profile.largest, 3, height, width}});
  }
  return shapes;
}

Shape FakePlan::shape_of(const std::string& name, std::int64_t batch) const {
  for (const Output& output : outputs) {
    if (output.name == name) {
      Shape shape{batch};
      shape.insert(shape.end(), output.shape.begin(), output.shape.end());
      return shape;
    }
  }
  return {};
}

bool FakePlan::takes(int profile, const Shape& shape) const {
  const Profile& taken = profiles.at(static_cast<std::size_t>(profile));
  return shape[0] >= taken.smallest && shape[0] <= taken.largest &&
         shape == Shape{shape[0], 3, height, width};
}

std::optional<FakePlan> parse_fake_plan(std::span<const std::byte> plan) {
  std::istringstream stream(std::string(reinterpret_cast<const char*>(plan.data()), plan.size()));
  std::string magic;
  stream >> magic;
  return magic == kMagic ? std::optional(parse_words(stream)) : std::nullopt;
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

}  // namespace kilomark::cuda
