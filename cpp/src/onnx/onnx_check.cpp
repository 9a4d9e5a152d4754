#include "kilomark/onnx_check.hpp"

#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "cut_text.hpp"
#include "onnx/node_check.hpp"
#include "onnx/operators.hpp"
#include "onnx/refusals.hpp"
#include "onnx/tensor_check.hpp"
#include "onnx/value_check.hpp"
#include "onnx/value_types.hpp"
#include "onnx/wire_reader.hpp"
#include "text.hpp"

namespace kilomark {

namespace onnx {

namespace {

constexpr std::string_view kModel = "model";
constexpr std::string_view kGraph = "graph";
constexpr std::uint64_t kMaxVersion = 1000;  // of the format, and of an operator set
constexpr std::size_t kMaxValues = 2 * kMaxOnnxNodes + kMaxOnnxTensors;

void check_bytes(const WireField& field, std::string_view message) {
  if (field.type != WireType::kBytes) {
    refuse_field(message, field.number);
  }
}

// Checks a GraphProto. Its parts may come in any order, so edges are checked at the end.
class GraphChecker {
 public:
  void check(std::string_view message) {
    WireReader reader(message, kGraph);
    for (WireField field; reader.next(field);) {
      check_bytes(field, kGraph);
      add(field);
    }
    check_edges();
  }

 private:
  void add(const WireField& field) {
    switch (field.number) {
      case 1:
        count(nodes_.size(), kMaxOnnxNodes, "nodes");
        nodes_.push_back(check_node(field.bytes));
        return;
      case 5:
        count(num_tensors_++, kMaxOnnxTensors, "tensors");
        return add_tensor(check_tensor(field.bytes));
      case 11:
        inputs_.push_back(check_value(field.bytes));
        return count(inputs_.size(), kMaxOnnxTensors, "inputs");
      case 12:
        outputs_.push_back(check_value(field.bytes));
        return count(outputs_.size(), kMaxOnnxPortsPerNode, "outputs");
      case 13:
        count(num_values_++, kMaxValues, "described values");
        check_value(field.bytes);
        return;
      case 15:
        refuse("a sparse tensor", "no sparse tensors");
      case 2:   // name
      case 10:  // doc_string
      case 16:  // metadata_props
        return;
      default:
        refuse_field(kGraph, field.number);
    }
  }

  static void count(std::size_t found, std::size_t most, std::string_view what) {
    if (found >= most) {
      refuse(text("too many ", what), text("at most ", most));
    }
  }

  void add_tensor(const TensorFacts& tensor) {
    define(tensor.name);
    types_.add_tensor(tensor);
  }

  void define(std::string_view name) {
    if (name.empty() || !defined_.insert(name).second) {
      refuse(text("the value ", quote(name), " defined twice or without a name"),
             "a name of its own");
    }
  }

  void use(std::string_view name) const {
    if (!defined_.contains(name)) {
      refuse(text("the value ", quote(name), " used before it is computed"),
             "nodes in the order in which they run");
    }
  }

  void check_edges() {
    for (const std::string_view name : inputs_) {
      defined_.insert(name);  // an input may have an initializer as its default
    }
    for (const CheckedNode& node : nodes_) {
      for (const std::string_view name : node.inputs) {
        if (!name.empty()) {
          use(name);
        }
      }
      types_.add_node(node);
      for (const std::string_view name : node.outputs) {
        if (!name.empty()) {
          define(name);
        }
      }
    }
    for (const std::string_view name : outputs_) {
      use(name);
    }
  }

  std::vector<CheckedNode> nodes_;
  ValueTypes types_;
  std::vector<std::string_view> inputs_;
  std::vector<std::string_view> outputs_;
  std::unordered_set<std::string_view> defined_;
  std::size_t num_tensors_ = 0;
  std::size_t num_values_ = 0;
};

void check_version(std::uint64_t version) {
  if (version == 0 || version > kMaxVersion) {
    refuse(text("the version ", version), text("1 to ", kMaxVersion));
  }
}

// What stands in a model.
struct ModelParts {
  bool version = false;
  bool graph = false;
  bool operator_set = false;  // the standard one
};

void check_operator_set(std::string_view message, ModelParts& found) {
  std::string_view domain;
  WireReader reader(message, "operator set");
  for (WireField field; reader.next(field);) {
    if (field.number == 1) {
      domain = check_name(field.bytes);
    } else if (field.number == 2) {
      check_version(field.value);
    } else {
      refuse_field("operator set", field.number);
    }
  }
  if (is_standard_domain(domain)) {
    check_once(found.operator_set, "opset_import");
  }
}

void add_field(const WireField& field, ModelParts& found) {
  switch (field.number) {
    case 1:
      check_once(found.version, "ir_version");
      return check_version(field.value);
    case 7:
      check_bytes(field, kModel);
      check_once(found.graph, kGraph);
      return GraphChecker().check(field.bytes);
    case 8:
      check_bytes(field, kModel);
      return check_operator_set(field.bytes, found);
    case 2:   // producer_name
    case 3:   // producer_version
    case 4:   // domain
    case 5:   // model_version
    case 6:   // doc_string
    case 14:  // metadata_props
      return;
    case 20:
      refuse("training information", "a network for inference alone");
    case 25:
      refuse("functions", "standard operators alone");
    default:
      refuse_field(kModel, field.number);
  }
}

}  // namespace

}  // namespace onnx

void check_onnx(std::string_view model) {
  if (model.size() > kMaxOnnxBytes) {
    onnx::refuse(text(model.size(), " bytes"), text("at most ", kMaxOnnxBytes));
  }
  onnx::ModelParts found;
  onnx::WireReader reader(model, onnx::kModel);
  for (onnx::WireField field; reader.next(field);) {
    onnx::add_field(field, found);
  }
  if (!found.version || !found.graph || !found.operator_set) {
    onnx::refuse(text("a part missing from its ", model.size(), " bytes"),
                 "a version, a graph and a set of operators");
  }
}

}  // namespace kilomark
