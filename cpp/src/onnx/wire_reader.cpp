#include "onnx/wire_reader.hpp"

#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::onnx {

namespace {

constexpr std::uint64_t kMaxFieldNumber = (1ULL << 29) - 1;
constexpr int kMaxVarintBytes = 10;

}  // namespace

bool WireReader::next(WireField& field) {
  if (rest_.empty()) {
    return false;
  }
  const std::uint64_t tag = varint();
  const std::uint64_t number = tag >> 3;
  if (number == 0 || number > kMaxFieldNumber) {
    fail_damaged("a field number out of range");
  }
  field = {static_cast<std::uint32_t>(number), static_cast<WireType>(tag & 7), 0, {}};
  switch (field.type) {
    case WireType::kVarint:
      field.value = varint();
      return true;
    case WireType::kFixed64:
      field.value = little_endian(8);
      return true;
    case WireType::kBytes:
      field.bytes = take(varint());
      return true;
    case WireType::kFixed32:
      field.value = little_endian(4);
      return true;
  }
  fail_damaged(text("a field of wire type ", tag & 7));
}

std::uint64_t WireReader::varint() {
  std::uint64_t value = 0;
  for (int i = 0; i < kMaxVarintBytes; ++i) {
    const auto byte = static_cast<std::uint8_t>(take(1).front());
    const std::uint64_t bits = byte & 0x7FU;
    if (i == kMaxVarintBytes - 1 && bits > 1) {
      break;
    }
    value |= bits << (7 * i);
    if ((byte & 0x80U) == 0) {
      return value;
    }
  }
  fail_damaged("a number of more than 64 bits");
}

std::uint64_t WireReader::little_endian(std::size_t num_bytes) {
  const std::string_view bytes = take(num_bytes);
  std::uint64_t value = 0;
  for (std::size_t i = num_bytes; i-- > 0;) {
    value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  }
  return value;
}

std::string_view WireReader::take(std::uint64_t num_bytes) {
  if (num_bytes > rest_.size()) {
    fail_damaged(text("a field of ", num_bytes, " bytes where ", rest_.size(), " are left"));
  }
  const std::string_view taken = rest_.substr(0, num_bytes);
  rest_.remove_prefix(num_bytes);
  return taken;
}

void WireReader::fail_damaged(std::string_view what) const {
  fail(ErrorCode::kBundle, text("an ONNX file with ", what, " in its ", name_), "a whole ONNX file",
       "export the bundle again, or install it again");
}

}  // namespace kilomark::onnx
