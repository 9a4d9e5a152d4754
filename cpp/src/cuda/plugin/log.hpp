#pragma once

#include <string>

#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

// Where the plugin's and TensorRT's messages go; null: nowhere. Any thread may log.
void set_log_callback(LogCallback callback) noexcept;
void log_message(LogLevel level, const std::string& message) noexcept;

}  // namespace kilomark::cuda
