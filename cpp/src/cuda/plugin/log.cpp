#include "cuda/plugin/log.hpp"

#include <atomic>

namespace kilomark::cuda {

namespace {

std::atomic<LogCallback> log_callback{nullptr};

}  // namespace

void set_log_callback(LogCallback callback) noexcept { log_callback = callback; }

void log_message(LogLevel level, const std::string& message) noexcept {
  if (const LogCallback callback = log_callback) {
    callback(level, message.c_str());
  }
}

}  // namespace kilomark::cuda
