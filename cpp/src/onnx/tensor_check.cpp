#include "onnx/tensor_check.hpp"

#include <cstdint>

#include "cut_text.hpp"
#include "kilomark/onnx_check.hpp"
#include "onnx/refusals.hpp"
#include "onnx/wire_reader.hpp"
#include "text.hpp"

namespace kilomark::onnx {

namespace {

constexpr std::string_view kTensor = "tensor";

// TensorProto.DataType
enum DataType : std::uint64_t {
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kBfloat16 = 16,
};

// Bytes of an element in raw_data; 0 for types that are refused.
std::size_t element_bytes(std::uint64_t type) {
  switch (type) {
    case kUint8:
    case kInt8:
    case kBool:
      return 1;
    case kUint16:
    case kInt16:
    case kFloat16:
    case kBfloat16:
      return 2;
    case kFloat:
    case kInt32:
    case kUint32:
      return 4;
    case kInt64:
    case kDouble:
    case kUint64:
      return 8;
    default:
      return 0;
  }
}

// The field that holds the elements of a type unless raw_data does.
std::uint32_t data_field(std::uint64_t type) {
  switch (type) {
    case kFloat:
      return 4;
    case kInt64:
      return 7;
    case kDouble:
      return 10;
    case kUint32:
    case kUint64:
      return 11;
    default:
      return 5;
  }
}

// Counts the elements of a repeated number, packed or not. Clears `is_positive` where one is not.
std::uint64_t count_numbers(const WireField& field, WireType element, bool& is_positive) {
  if (field.type == element) {
    is_positive &= static_cast<std::int64_t>(field.value) > 0;
    return 1;
  }
  if (field.type != WireType::kBytes) {
    refuse_field(kTensor, field.number);
  }
  if (element != WireType::kVarint) {
    const std::size_t size = element == WireType::kFixed32 ? 4 : 8;
    if (field.bytes.size() % size != 0) {
      refuse("a list of numbers that is cut short", text("a multiple of ", size, " bytes"));
    }
    return field.bytes.size() / size;
  }
  WireReader reader(field.bytes, kTensor);
  std::uint64_t count = 0;
  for (; !reader.at_end(); ++count) {
    is_positive &= static_cast<std::int64_t>(reader.varint()) > 0;
  }
  return count;
}

// Whether all little-endian whole numbers of `size` bytes are above 0; numbers without a sign that
// would be below 0 with one are taken for that.
bool are_positive(std::string_view bytes, std::size_t size) {
  for (std::size_t begin = 0; begin + size <= bytes.size(); begin += size) {
    const std::string_view number = bytes.substr(begin, size);
    const bool is_zero = number.find_first_not_of('\0') == std::string_view::npos;
    if (is_zero || (static_cast<std::uint8_t>(number.back()) & 0x80U) != 0) {
      return false;
    }
  }
  return true;
}

class TensorChecker {
 public:
  TensorFacts check(std::string_view message) {
    WireReader reader(message, kTensor);
    for (WireField field; reader.next(field);) {
      add(field);
    }
    check_data();
    const bool is_integer = is_integer_type(type_);
    const bool raw_positive = !has_raw_ || are_positive(raw_, element_bytes(type_));
    return {name_, is_integer, is_integer && is_positive_ && raw_positive};
  }

 private:
  void add(const WireField& field) {
    switch (field.number) {
      case 1:
        return add_dimensions(field);
      case 2:
        check_once(has_type_, "data_type");
        type_ = field.value;
        return;
      case 4:
        return add_data(field, WireType::kFixed32);
      case 5:
      case 7:
      case 11:
        return add_data(field, WireType::kVarint);
      case 10:
        return add_data(field, WireType::kFixed64);
      case 8:
        check_once(has_name_, "name");
        name_ = check_name(field.bytes);
        return;
      case 9:
        check_once(has_raw_, "raw_data");
        raw_ = field.bytes;
        return;
      case 12:  // doc_string
      case 16:  // metadata_props
        return;
      case 13:
        refuse("tensors in other files (external_data)", "a model that is one file");
      case 14:
        if (field.type == WireType::kVarint && field.value == 0) {
          return;
        }
        refuse("tensors in other files (data_location)", "a model that is one file");
      default:
        refuse_field(kTensor, field.number);
    }
  }

  void add_dimensions(const WireField& field) {
    if (field.type == WireType::kVarint) {
      return add_dimension(field.value);
    }
    if (field.type != WireType::kBytes) {
      refuse_field(kTensor, field.number);
    }
    for (WireReader reader(field.bytes, kTensor); !reader.at_end();) {
      add_dimension(reader.varint());
    }
  }

  void add_dimension(std::uint64_t size) {
    if (++rank_ > kMaxOnnxRank) {
      refuse("a tensor of too many dimensions", text("at most ", kMaxOnnxRank));
    }
    // Both factors are at most 2^28: the product of 64 bits is exact.
    if (size > kMaxOnnxTensorElements || elements_ * size > kMaxOnnxTensorElements) {
      refuse("a tensor of too many elements", text("at most ", kMaxOnnxTensorElements));
    }
    elements_ *= size;
  }

  void add_data(const WireField& field, WireType element) {
    if (data_number_ != 0 && data_number_ != field.number) {
      refuse("a tensor with data of two types", "one");
    }
    data_number_ = field.number;
    data_elements_ += count_numbers(field, element, is_positive_);
  }

  void check_data() const {
    const std::size_t size = element_bytes(type_);
    if (size == 0) {
      refuse(text("a tensor of type ", type_), "numbers of 8 to 64 bits");
    }
    if (has_raw_ && data_number_ != 0) {
      refuse("a tensor with raw_data and typed data", "one of them");
    }
    if (data_number_ != 0 && data_number_ != data_field(type_)) {
      refuse(text("a tensor of type ", type_, " with data of another type"), "the same type");
    }
    const std::uint64_t found = has_raw_ ? raw_.size() : data_elements_ * size;
    if (found != elements_ * size) {
      refuse(text("a tensor ", quote(name_), " with ", found, " bytes of data"),
             text(elements_ * size, " bytes, as its shape says"));
    }
  }

  std::string_view name_;
  std::uint64_t type_ = 0;
  std::uint64_t elements_ = 1;
  std::size_t rank_ = 0;
  std::string_view raw_;
  std::uint64_t data_elements_ = 0;
  std::uint32_t data_number_ = 0;
  bool is_positive_ = true;
  bool has_type_ = false;
  bool has_name_ = false;
  bool has_raw_ = false;
};

}  // namespace

bool is_integer_type(std::uint64_t type) {
  return element_bytes(type) != 0 && type != kFloat && type != kFloat16 && type != kBfloat16 &&
         type != kDouble && type != kBool;
}

TensorFacts check_tensor(std::string_view message) { return TensorChecker().check(message); }

}  // namespace kilomark::onnx
