#include "cuda/log_queue.hpp"

#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "kilomark/log.hpp"

namespace kilomark {

namespace {

constexpr std::size_t kMaxMessages = 256;  // what nobody takes is forgotten

struct LogQueue {
  std::mutex mutex;
  std::vector<LogMessage> messages;
};

// Never destroyed: TensorRT logs until the process has ended, after this library's statics are
// gone.
LogQueue& log_queue() {
  static LogQueue& queue = *std::make_unique<LogQueue>().release();
  return queue;
}

}  // namespace

std::vector<LogMessage> take_log_messages() {
  LogQueue& queue = log_queue();
  const std::scoped_lock lock(queue.mutex);
  return std::exchange(queue.messages, {});
}

namespace cuda {

void push_log(LogLevel level, const char* message) {
  try {
    LogQueue& queue = log_queue();
    const std::scoped_lock lock(queue.mutex);
    if (queue.messages.size() < kMaxMessages) {
      queue.messages.push_back({static_cast<LogMessage::Level>(level), message});
    }
  } catch (const std::exception&) {  // out of memory: this message is lost
  }
}

}  // namespace cuda

}  // namespace kilomark
