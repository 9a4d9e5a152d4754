#pragma once

#include <string>

#include "bundle/json.hpp"

namespace kilomark::bundle {

// Values for error messages, cut to a length that a person reads. Of a value of any size, only as
// much is looked at as is shown.
[[nodiscard]] std::string excerpt(const Json& value);
[[nodiscard]] std::string excerpt(const std::string& text);

}  // namespace kilomark::bundle
