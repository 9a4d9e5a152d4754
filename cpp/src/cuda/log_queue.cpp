#include "cuda/log_queue.hpp"

#include <exception>
#include <mutex>
#include <utility>

#include "kilomark/log.hpp"

namespace kilomark {

namespace {

constexpr std::size_t kMaxMessages = 256;  // what nobody takes is forgotten

std::mutex mutex;
std::vector<LogMessage> messages;

}  // namespace

std::vector<LogMessage> take_log_messages() {
  const std::scoped_lock lock(mutex);
  return std::exchange(messages, {});
}

namespace cuda {

void push_log(LogLevel level, const char* message) {
  try {
    const std::scoped_lock lock(mutex);
    if (messages.size() < kMaxMessages) {
      messages.push_back({static_cast<LogMessage::Level>(level), message});
    }
  } catch (const std::exception&) {  // out of memory: this message is lost
  }
}

}  // namespace cuda

}  // namespace kilomark
