#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace kilomark::bundle {

using Json = nlohmann::json;

// Parses a JSON text whose size the caller has bounded. Throws Error{kBundle} unless it is one
// object, nested at most kMaxManifestDepth deep, in which no key of an object stands twice: readers
// differ in which of the two they take. `file` is named in messages.
[[nodiscard]] Json parse_json_object(std::string_view text, const std::string& file);

}  // namespace kilomark::bundle
