#pragma once

#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

// A LogCallback: keeps the message for take_log_messages().
void push_log(LogLevel level, const char* message);

}  // namespace kilomark::cuda
