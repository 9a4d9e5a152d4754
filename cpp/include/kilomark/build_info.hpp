#pragma once

#include <map>
#include <string>

namespace kilomark {

// What this library was built with and runs with: version, compiler, openvino_build, openvino_run,
// cuda (the plugin that was built, or OFF).
[[nodiscard]] std::map<std::string, std::string> build_info();

}  // namespace kilomark
