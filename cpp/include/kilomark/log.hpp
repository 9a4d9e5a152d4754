#pragma once

#include <string>
#include <vector>

#include "kilomark/api.hpp"

namespace kilomark {

struct LogMessage {
  enum class Level { kError, kWarning, kInfo, kDebug };
  Level level = Level::kInfo;
  std::string text;
};

// What the backends, and the libraries under them, logged since the last call, oldest first. The
// library prints nothing itself. Any thread may call it; each message is given once.
[[nodiscard]] KILOMARK_API std::vector<LogMessage> take_log_messages();

}  // namespace kilomark
