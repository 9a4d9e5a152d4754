#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bundle/json.hpp"

namespace kilomark::bundle {

// Values for error messages, cut to a length that a person reads. Of a value of any size, only as
// much is looked at as is shown.
[[nodiscard]] std::string excerpt(const Json& value);
[[nodiscard]] std::string excerpt(const std::string& text);

// The first `longest` bytes, whole characters, and " ..." if that is not all.
[[nodiscard]] std::string cut(std::string_view text, std::size_t longest);

}  // namespace kilomark::bundle
