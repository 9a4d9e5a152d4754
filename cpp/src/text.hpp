#pragma once

#include <sstream>
#include <string>

namespace kilomark {

// Joins the parts of an error message: text(width, " x ", height).
template <class... Parts>
[[nodiscard]] std::string text(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

}  // namespace kilomark
