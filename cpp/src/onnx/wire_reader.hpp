#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kilomark::onnx {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// One field of a protobuf message. `bytes` is borrowed from the file.
struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t value = 0;  // of a varint, kFixed32 or kFixed64
  std::string_view bytes;   // of kBytes
};

// Walks the fields of one protobuf message. Reads nothing outside `message`, whatever it holds.
//   https://protobuf.dev/programming-guides/encoding
class WireReader {
 public:
  // `name` stands for the message in errors.
  WireReader(std::string_view message, std::string_view name) : rest_(message), name_(name) {}

  // Reads the next field; false at the end of the message. Throws Error{kBundle} for a truncated
  // field, a varint of more than 64 bits, or a wire type that protobuf no longer has.
  [[nodiscard]] bool next(WireField& field);

  // Reads a varint of a packed list.
  [[nodiscard]] std::uint64_t varint();

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  [[nodiscard]] std::uint64_t little_endian(std::size_t num_bytes);
  [[nodiscard]] std::string_view take(std::uint64_t num_bytes);
  [[noreturn]] void fail_damaged(std::string_view what) const;

  std::string_view rest_;
  std::string_view name_;
};

}  // namespace kilomark::onnx
