#include "bundle/json.hpp"

#include <set>
#include <vector>

#include "bundle/excerpt.hpp"
#include "cut_text.hpp"
#include "kilomark/bundle.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::bundle {

namespace {

constexpr const char* kRemedy = "it may be truncated: export or install the bundle again";
constexpr std::size_t kLongestReason = 200;

[[noreturn]] void fail_parsing(const std::string& file, std::string_view reason) {
  throw Error(ErrorCode::kBundle, text(file, " is not JSON (", reason, "); ", kRemedy));
}

// What the parser says, without its own number of the error, cut to what a person reads.
std::string reason_of(const nlohmann::detail::exception& error) {
  std::string_view reason = error.what();
  if (const std::size_t end = reason.find("] "); end != std::string_view::npos) {
    reason.remove_prefix(end + 2);
  }
  return cut(reason, kLongestReason);
}

// Follows the parser through the objects and lists that are open.
class StructureCheck {
 public:
  explicit StructureCheck(const std::string& file) : file_(file) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    switch (event) {
      case Json::parse_event_t::object_start:
        keys_.emplace_back();
        check_depth(depth);
        break;
      case Json::parse_event_t::array_start:
        check_depth(depth);
        break;
      case Json::parse_event_t::object_end:
        keys_.pop_back();
        break;
      case Json::parse_event_t::key:
        check_key(value.get_ref<const std::string&>());
        break;
      case Json::parse_event_t::array_end:
      case Json::parse_event_t::value:
        break;
    }
    return true;  // keep the value
  }

 private:
  void check_depth(int depth) const {
    if (depth >= kMaxManifestDepth) {
      throw Error(ErrorCode::kBundle, text(file_, " nests objects and lists more than ",
                                           kMaxManifestDepth, " deep; ", kRemedy));
    }
  }

  void check_key(const std::string& key) {
    if (!keys_.back().insert(key).second) {
      fail_parsing(file_, text("the key ", excerpt(key), " appears twice"));
    }
  }

  const std::string& file_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
};

}  // namespace

Json parse_json_object(std::string_view text, const std::string& file) {
  Json values;
  try {
    values = Json::parse(text, StructureCheck(file));
  } catch (const nlohmann::detail::exception& error) {
    fail_parsing(file, reason_of(error));
  }
  if (!values.is_object()) {
    throw Error(ErrorCode::kBundle,
                kilomark::text(file, " holds a JSON ", values.type_name(), "; expected an object"));
  }
  return values;
}

}  // namespace kilomark::bundle
