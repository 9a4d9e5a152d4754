#include <pybind11/stl.h>

#include <utility>
#include <vector>

#include "bindings.hpp"
#include "kilomark/log.hpp"

namespace kilomark::bindings {

namespace {

// The level as Python's logging counts them.
int to_python_level(LogMessage::Level level) {
  switch (level) {
    case LogMessage::Level::kError:
      return 40;
    case LogMessage::Level::kWarning:
      return 30;
    case LogMessage::Level::kInfo:
      return 20;
    case LogMessage::Level::kDebug:
      return 10;
  }
  return 0;
}

std::vector<std::pair<int, std::string>> take() {
  std::vector<std::pair<int, std::string>> messages;
  for (LogMessage& message : take_log_messages()) {
    messages.emplace_back(to_python_level(message.level), std::move(message.text));
  }
  return messages;
}

}  // namespace

void bind_log(pybind11::module_& module) { module.def("take_log_messages", &take); }

}  // namespace kilomark::bindings
