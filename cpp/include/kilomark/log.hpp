#pragma once

#include <string>
#include <vector>

namespace kilomark {

struct LogMessage {
  enum class Level { kError, kWarning, kInfo, kDebug };
  Level level = Level::kInfo;
  std::string text;
};

// What the backends, and the libraries under them, logged since the last call. The library prints
// nothing itself.
[[nodiscard]] std::vector<LogMessage> take_log_messages();

}  // namespace kilomark
