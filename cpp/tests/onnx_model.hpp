#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

// ONNX files, written field by field.
namespace kilomark::onnx_model {

// A message of protobuf.
class Message {
 public:
  Message& add(std::uint64_t number, std::string_view bytes) {
    append(number << 3 | 2);
    append(bytes.size());
    bytes_ += bytes;
    return *this;
  }

  Message& add(std::uint64_t number, const Message& message) { return add(number, message.bytes_); }

  Message& add(std::uint64_t number, std::int64_t value) {
    append(number << 3);
    append(static_cast<std::uint64_t>(value));
    return *this;
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void append(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      bytes_.push_back(static_cast<char>((value & 0x7f) | 0x80));
    }
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

// A list of whole numbers as an attribute of a node.
inline Message integers(std::string_view name, std::initializer_list<std::int64_t> values) {
  Message attribute;
  attribute.add(1, name).add(20, std::int64_t{7});
  for (const std::int64_t value : values) {
    attribute.add(8, value);
  }
  return attribute;
}

inline Message integer(std::string_view name, std::int64_t value) {
  return Message().add(1, name).add(3, value).add(20, std::int64_t{2});
}

inline Message node(std::string_view operation, std::string_view input, std::string_view output,
                    const std::vector<Message>& attributes) {
  Message made;
  made.add(1, input).add(2, output).add(4, operation);
  for (const Message& attribute : attributes) {
    made.add(5, attribute);
  }
  return made;
}

// A value of float32 whose dimensions have these names or lengths.
inline Message value(std::string_view name, const std::vector<std::string_view>& dimensions) {
  Message shape;
  for (const std::string_view dimension : dimensions) {
    const bool is_number = dimension.find_first_not_of("0123456789") == std::string_view::npos;
    shape.add(1, is_number ? Message().add(1, std::int64_t{std::stoi(std::string(dimension))})
                           : Message().add(2, dimension));
  }
  const Message type = Message().add(1, Message().add(1, std::int64_t{1}).add(2, shape));
  return Message().add(1, name).add(2, type);
}

// A file of this graph, with the operators of set 11.
inline std::string file(const Message& graph) {
  const Message operators = Message().add(1, "").add(2, std::int64_t{11});
  return Message().add(1, std::int64_t{6}).add(7, graph).add(8, operators).bytes();
}

}  // namespace kilomark::onnx_model
