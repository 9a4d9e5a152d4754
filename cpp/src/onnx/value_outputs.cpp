#include "onnx/value_outputs.hpp"

#include <unordered_set>
#include <vector>

#include "onnx/wire_reader.hpp"

namespace kilomark::onnx {

namespace {

// Numbers of fields in the messages of ONNX.
constexpr std::uint64_t kModelGraph = 7;
constexpr std::uint64_t kGraphNode = 1;
constexpr std::uint64_t kGraphOutput = 12;
constexpr std::uint64_t kNodeInput = 1;
constexpr std::uint64_t kNodeOutput = 2;
constexpr std::uint64_t kValueName = 1;

template <class Visit>
void visit_fields(std::string_view message, std::uint64_t number, const Visit& visit) {
  WireReader reader(message, "model");
  for (WireField field; reader.next(field);) {
    if (field.number == number) {
      visit(field.bytes);
    }
  }
}

void append_varint(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    bytes.push_back(static_cast<char>((value & 0x7f) | 0x80));
  }
  bytes.push_back(static_cast<char>(value));
}

void append_field(std::string& bytes, std::uint64_t number, std::string_view value) {
  constexpr std::uint64_t kBytes = 2;  // the wire type
  append_varint(bytes, number << 3 | kBytes);
  append_varint(bytes, value.size());
  bytes += value;
}

// The values between nodes, in order.
std::vector<std::string_view> find_inner_values(std::string_view graph) {
  std::vector<std::string_view> made;
  std::unordered_set<std::string_view> used;
  visit_fields(graph, kGraphNode, [&](std::string_view node) {
    visit_fields(node, kNodeInput, [&](std::string_view name) { used.insert(name); });
    visit_fields(node, kNodeOutput, [&](std::string_view name) { made.push_back(name); });
  });
  visit_fields(graph, kGraphOutput, [&](std::string_view output) {
    visit_fields(output, kValueName, [&](std::string_view name) { used.erase(name); });
  });
  std::erase_if(made, [&](std::string_view name) { return !used.contains(name); });
  return made;
}

}  // namespace

// Protobuf joins a message that stands twice, and appends lists to one another: a second graph with
// outputs alone adds them to those of the first.
std::string with_value_outputs(std::string_view model) {
  std::string outputs;
  visit_fields(model, kModelGraph, [&](std::string_view graph) {
    for (const std::string_view name : find_inner_values(graph)) {
      std::string value;
      append_field(value, kValueName, name);
      append_field(outputs, kGraphOutput, value);
    }
  });
  std::string extended;
  extended.reserve(model.size() + outputs.size() + 16);
  extended = model;
  append_field(extended, kModelGraph, outputs);
  return extended;
}

}  // namespace kilomark::onnx
