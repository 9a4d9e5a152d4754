#include "cpu/value_sizes.hpp"

#include "onnx/value_outputs.hpp"

namespace kilomark::cpu {

namespace {

bool is_absurd(const OpenShape& shape) {
  std::int64_t elements = 1;
  for (const LengthRange& range : shape.dimensions) {
    const std::int64_t length = range.is_static() ? range.min : 1;
    if (length > kMaxValueElements || elements * length > kMaxValueElements) {
      return true;
    }
    elements *= length;
  }
  return elements == 0 && shape.dimensions.size() > 1;
}

}  // namespace

OpenShape find_absurd_value(std::string_view model, const OpenShape& input) {
  OpenvinoModel network(onnx::with_value_outputs(model));
  network.reshape(input);
  const std::size_t count = network.count(Direction::kOutput);
  for (std::size_t i = 0; i < count; ++i) {
    OpenShape shape = network.port(Direction::kOutput, i).shape;
    if (is_absurd(shape)) {
      return shape;
    }
  }
  return {false, {}};
}

}  // namespace kilomark::cpu
