#pragma once

#include <map>
#include <string>

#include "kilomark/api.hpp"

namespace kilomark {

// What this library was built with and runs with: version, compiler, openvino (the range of its
// releases; probe_openvino() says which one is there), cuda (the plugin that was built, or OFF).
[[nodiscard]] KILOMARK_API std::map<std::string, std::string> build_info();

}  // namespace kilomark
