#include "onnx/node_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "cut_text.hpp"
#include "kilomark/onnx_check.hpp"
#include "onnx/operators.hpp"
#include "onnx/refusals.hpp"
#include "onnx/tensor_check.hpp"
#include "onnx/wire_reader.hpp"
#include "text.hpp"

namespace kilomark::onnx {

namespace {

constexpr std::string_view kNode = "node";
constexpr std::string_view kAttribute = "attribute";
constexpr std::int64_t kMaxWindow = 4096;  // kernels, strides, dilations, groups, padding
// Numbers in a kernel. OpenVINO on aarch64 reads all of them for each output of a pooling, those
// beyond the image too.
constexpr double kMaxKernelArea = 65536;

// The bounds of the whole numbers of an attribute.
struct Bounds {
  std::int64_t low;
  std::int64_t high;
};

Bounds bounds_of(std::string_view attribute) {
  constexpr std::array kWindows = std::to_array<std::string_view>(
      {"kernel_shape", "strides", "dilations", "group", "blocksize"});
  constexpr std::array kPadding =
      std::to_array<std::string_view>({"pads", "output_padding", "output_shape"});
  if (std::ranges::find(kWindows, attribute) != kWindows.end()) {
    return {1, kMaxWindow};
  }
  if (std::ranges::find(kPadding, attribute) != kPadding.end()) {
    return {0, kMaxWindow};
  }
  return {-(std::int64_t{1} << 31), (std::int64_t{1} << 31) - 1};
}

// Gathers the numbers of an attribute; its name may come after them.
class AttributeChecker {
 public:
  void check(std::string_view message, CheckedNode& node) {
    WireReader reader(message, kAttribute);
    for (WireField field; reader.next(field);) {
      add(field);
    }
    const Bounds bounds = bounds_of(name_);
    if (count_ > 0 && (lowest_ < bounds.low || highest_ > bounds.high)) {
      refuse(text("an attribute ", quote(name_), " of ", lowest_, " to ", highest_),
             text(bounds.low, " to ", bounds.high));
    }
    if (name_ == "kernel_shape" && area_ > kMaxKernelArea) {
      refuse("a kernel of too many numbers", text("at most ", kMaxKernelArea));
    }
    if (name_ == "to" && count_ > 0) {
      node.cast_type = static_cast<std::uint64_t>(highest_);
    }
    if (name_ == "value") {
      node.constant = tensor_;
    } else if (name_ == "value_int" || name_ == "value_ints") {
      node.constant = {{}, true, count_ > 0 && lowest_ > 0};
    }
  }

 private:
  void add(const WireField& field) {
    switch (field.number) {
      case 1:
        check_once(has_name_, "name");
        name_ = check_name(field.bytes);
        return;
      case 2:   // f
      case 13:  // doc_string
      case 20:  // type
        return;
      case 3:
        return add_number(static_cast<std::int64_t>(field.value));
      case 4:  // s
      case 9:  // strings
        return add_text(field.bytes);
      case 5:
        check_once(has_tensor_, "t");
        tensor_ = check_tensor(field.bytes);
        return;
      case 6:
      case 11:
        refuse("a graph inside a node", "no nested graphs");
      case 7:
        return add_count(field.type == WireType::kBytes ? field.bytes.size() / 4 : 1);
      case 8:
        return add_numbers(field);
      case 22:
      case 23:
        refuse("a sparse tensor", "no sparse tensors");
      default:
        refuse_field(kAttribute, field.number);
    }
  }

  void add_numbers(const WireField& field) {
    if (field.type != WireType::kBytes) {
      return add_number(static_cast<std::int64_t>(field.value));
    }
    for (WireReader reader(field.bytes, kAttribute); !reader.at_end();) {
      add_number(static_cast<std::int64_t>(reader.varint()));
    }
  }

  void add_number(std::int64_t value) {
    lowest_ = count_ == 0 ? value : std::min(lowest_, value);
    highest_ = count_ == 0 ? value : std::max(highest_, value);
    area_ *= static_cast<double>(value);
    ++count_;
    add_count(1);
  }

  void add_text(std::string_view value) {
    check_name(value);
    add_count(1);
  }

  void add_count(std::size_t count) {
    length_ += count;
    if (length_ > kMaxOnnxListLength) {
      refuse("an attribute of too many values", text("at most ", kMaxOnnxListLength));
    }
  }

  std::string_view name_;
  std::int64_t lowest_ = 0;
  std::int64_t highest_ = 0;
  double area_ = 1.0;  // product of the whole numbers
  TensorFacts tensor_;
  std::size_t count_ = 0;   // whole numbers
  std::size_t length_ = 0;  // values of any kind
  bool has_name_ = false;
  bool has_tensor_ = false;
};

void add_port(std::vector<std::string_view>& ports, std::string_view name) {
  ports.push_back(check_name(name));
  if (ports.size() > kMaxOnnxPortsPerNode) {
    refuse("a node of too many inputs or outputs", text("at most ", kMaxOnnxPortsPerNode));
  }
}

void check_operator(std::string_view domain, std::string_view name) {
  if (!is_standard_domain(domain)) {
    refuse(text("operators of the domain ", quote(domain)), "those of standard ONNX");
  }
  if (!is_allowed_operator(name)) {
    refuse(text("the operator ", quote(name)),
           text("an operator of exported networks; if you trust the file, allow this one with the "
                "environment variable KILOMARK_EXTRA_OPERATORS=",
                cut(name)));
  }
}

// What stands once in a node.
struct NodeHead {
  std::string_view domain;
  bool has_operator = false;
  bool has_domain = false;
  std::size_t num_attributes = 0;
};

void add_field(const WireField& field, NodeHead& head, CheckedNode& node) {
  switch (field.number) {
    case 1:
      return add_port(node.inputs, field.bytes);
    case 2:
      return add_port(node.outputs, field.bytes);
    case 4:
      check_once(head.has_operator, "op_type");
      node.operation = check_name(field.bytes);
      return;
    case 5:
      if (++head.num_attributes > kMaxOnnxAttributesPerNode) {
        refuse("a node of too many attributes", text("at most ", kMaxOnnxAttributesPerNode));
      }
      return AttributeChecker().check(field.bytes, node);
    case 7:
      check_once(head.has_domain, "domain");
      head.domain = check_name(field.bytes);
      return;
    case 3:  // name
    case 6:  // doc_string
    case 9:  // metadata_props
      return;
    default:
      refuse_field(kNode, field.number);
  }
}

}  // namespace

CheckedNode check_node(std::string_view message) {
  CheckedNode node;
  NodeHead head;
  WireReader reader(message, kNode);
  for (WireField field; reader.next(field);) {
    add_field(field, head, node);
  }
  check_operator(head.domain, node.operation);
  return node;
}

}  // namespace kilomark::onnx
