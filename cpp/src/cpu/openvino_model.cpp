#include "cpu/openvino_model.hpp"

#include <algorithm>
#include <ostream>

#include "cpu/openvino_core.hpp"

namespace kilomark::cpu {

namespace {

using openvino::ConstPortHandle;

LengthRange to_range(const openvino::Dimension& dimension) {
  return {std::max<std::int64_t>(dimension.min, 0), dimension.max};
}

OpenShape to_shape(const openvino::PartialShape& shape) {
  if (shape.rank.min != shape.rank.max || shape.rank.min < 0) {
    return {false, {}};
  }
  OpenShape open;
  std::transform(shape.dimensions, shape.dimensions + shape.rank.min,
                 std::back_inserter(open.dimensions), to_range);
  return open;
}

Port to_port(const ConstPortHandle& handle) {
  const openvino::Api& api = openvino_api();
  Port port{};
  check(api.port_get_element_type(handle.get(), &port.type));
  openvino::PartialShape shape{};
  check(api.port_get_partial_shape(handle.get(), &shape));
  try {
    port.shape = to_shape(shape);
  } catch (...) {
    api.partial_shape_free(&shape);
    throw;
  }
  api.partial_shape_free(&shape);
  return port;
}

ConstPortHandle port_at(const openvino::Model* model, Direction direction, std::size_t index) {
  const openvino::Api& api = openvino_api();
  return openvino::make<ConstPortHandle>(direction == Direction::kInput
                                             ? api.model_const_input_by_index
                                             : api.model_const_output_by_index,
                                         model, index);
}

}  // namespace

bool LengthRange::overlaps(const LengthRange& other) const {
  return (other.max < 0 || min <= other.max) && (max < 0 || other.min <= max);
}

bool OpenShape::is_compatible(const OpenShape& other) const {
  return !has_rank || !other.has_rank ||
         std::ranges::equal(dimensions, other.dimensions, &LengthRange::overlaps);
}

std::ostream& operator<<(std::ostream& stream, const OpenShape& shape) {
  if (!shape.has_rank) {
    return stream << "[...]";
  }
  const char* separator = "[";
  for (const LengthRange& range : shape.dimensions) {
    stream << separator;
    separator = ",";
    if (range.is_static()) {
      stream << range.min;
    } else if (range.min == 0 && range.max < 0) {
      stream << "?";
    } else {
      stream << range.min << "..";
      range.max < 0 ? stream << "" : stream << range.max;
    }
  }
  return stream << (shape.dimensions.empty() ? "[]" : "]");
}

OpenvinoModel::OpenvinoModel(std::string_view bytes)
    : model_(openvino::make<openvino::ModelHandle>(
          openvino_api().core_read_model_from_memory_buffer, openvino_core(), bytes.data(),
          bytes.size(), nullptr)) {}

std::size_t OpenvinoModel::count(Direction direction) const {
  const openvino::Api& api = openvino_api();
  std::size_t count = 0;
  check((direction == Direction::kInput ? api.model_inputs_size : api.model_outputs_size)(get(),
                                                                                          &count));
  return count;
}

Port OpenvinoModel::port(Direction direction, std::size_t index) const {
  return to_port(port_at(get(), direction, index));
}

std::string OpenvinoModel::name(Direction direction, std::size_t index) const {
  const openvino::Api& api = openvino_api();
  const ConstPortHandle port = port_at(get(), direction, index);
  char* name = nullptr;
  if (api.port_get_any_name(port.get(), &name) != openvino::Status::kOk || name == nullptr) {
    return "";
  }
  std::string copy = name;
  api.free(name);
  return copy;
}

Port OpenvinoModel::find(Direction direction, const std::string& name) const {
  const openvino::Api& api = openvino_api();
  return to_port(openvino::make<ConstPortHandle>(direction == Direction::kInput
                                                     ? api.model_const_input_by_name
                                                     : api.model_const_output_by_name,
                                                 get(), name.c_str()));
}

void OpenvinoModel::reshape(const OpenShape& shape) {
  std::vector<openvino::Dimension> dimensions;
  for (const LengthRange& range : shape.dimensions) {
    dimensions.push_back({range.min, range.max});
  }
  const auto rank = static_cast<std::int64_t>(dimensions.size());
  check(openvino_api().model_reshape_single_input(get(), {{rank, rank}, dimensions.data()}));
}

void OpenvinoModel::put_channels_last() {
  const openvino::Api& api = openvino_api();
  const auto of_tensor = openvino::make<openvino::LayoutHandle>(api.layout_create, "NHWC");
  const auto of_model = openvino::make<openvino::LayoutHandle>(api.layout_create, "NCHW");
  const auto preprocessor =
      openvino::make<openvino::PreprocessorHandle>(api.preprocess_prepostprocessor_create, get());
  const auto input = openvino::make<openvino::InputInfoHandle>(
      api.preprocess_prepostprocessor_get_input_info, preprocessor.get());
  const auto tensor = openvino::make<openvino::InputTensorInfoHandle>(
      api.preprocess_input_info_get_tensor_info, input.get());
  check(api.preprocess_input_tensor_info_set_layout(tensor.get(), of_tensor.get()));
  const auto model = openvino::make<openvino::InputModelInfoHandle>(
      api.preprocess_input_info_get_model_info, input.get());
  check(api.preprocess_input_model_info_set_layout(model.get(), of_model.get()));
  model_ = openvino::make<openvino::ModelHandle>(api.preprocess_prepostprocessor_build,
                                                 preprocessor.get());
}

}  // namespace kilomark::cpu
