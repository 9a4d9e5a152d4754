#include "onnx/value_check.hpp"

#include <cstdint>

#include "kilomark/onnx_check.hpp"
#include "onnx/refusals.hpp"
#include "onnx/wire_reader.hpp"
#include "text.hpp"

namespace kilomark::onnx {

namespace {

void check_dimension(std::string_view message) {
  WireReader reader(message, "dimension");
  for (WireField field; reader.next(field);) {
    if (field.number == 1 && field.value > kMaxOnnxTensorElements) {
      refuse(text("a dimension of ", field.value), text("at most ", kMaxOnnxTensorElements));
    }
    if (field.number > 3) {
      refuse_field("dimension", field.number);
    }
    check_name(field.bytes);
  }
}

void check_shape(std::string_view message) {
  WireReader reader(message, "shape");
  std::size_t rank = 0;
  for (WireField field; reader.next(field);) {
    if (field.number != 1) {
      refuse_field("shape", field.number);
    }
    if (++rank > kMaxOnnxRank) {
      refuse("a value of too many dimensions", text("at most ", kMaxOnnxRank));
    }
    check_dimension(field.bytes);
  }
}

void check_tensor_type(std::string_view message) {
  WireReader reader(message, "tensor type");
  for (WireField field; reader.next(field);) {
    if (field.number == 2) {
      check_shape(field.bytes);
    } else if (field.number != 1) {
      refuse_field("tensor type", field.number);
    }
  }
}

void check_type(std::string_view message) {
  WireReader reader(message, "type");
  for (WireField field; reader.next(field);) {
    if (field.number == 1) {
      check_tensor_type(field.bytes);
    } else if (field.number != 6) {  // denotation
      refuse("a value that is no tensor (a sequence, a map, an optional or sparse value)",
             "tensors");
    }
  }
}

}  // namespace

std::string_view check_value(std::string_view message) {
  std::string_view name;
  bool has_name = false;
  WireReader reader(message, "value");
  for (WireField field; reader.next(field);) {
    if (field.number == 1) {
      check_once(has_name, "name");
      name = check_name(field.bytes);
    } else if (field.number == 2) {
      check_type(field.bytes);
    } else if (field.number > 4) {  // doc_string, metadata_props
      refuse_field("value", field.number);
    }
  }
  return name;
}

}  // namespace kilomark::onnx
