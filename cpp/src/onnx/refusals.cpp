#include "onnx/refusals.hpp"

#include "kilomark/error.hpp"
#include "kilomark/onnx_check.hpp"
#include "text.hpp"

namespace kilomark::onnx {

void refuse(const std::string& found, const std::string& expected) {
  fail(ErrorCode::kBundle, text("an ONNX file with ", found), expected,
       "export the network with `kilomark export`, and use bundles only from people you trust");
}

void refuse_field(std::string_view message, unsigned number) {
  refuse(text("the unknown or unsupported field ", number, " in its ", message),
         "the fields that `kilomark export` writes");
}

void check_once(bool& seen, std::string_view field) {
  if (seen) {
    refuse(text("two fields \"", field, "\" in one message"), "one");
  }
  seen = true;
}

std::string_view check_name(std::string_view name) {
  if (name.size() > kMaxOnnxNameBytes) {
    refuse(text("a name of ", name.size(), " bytes"), text("at most ", kMaxOnnxNameBytes));
  }
  return name;
}

}  // namespace kilomark::onnx
