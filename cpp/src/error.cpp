#include "kilomark/error.hpp"

#include "cut_text.hpp"

namespace kilomark {

Error::Error(ErrorCode code, const std::string& message)
    : std::runtime_error(cut_middle(message, kMaxErrorBytes)), code_(code) {}

void fail(ErrorCode code, const std::string& found, const std::string& expected,
          const std::string& remedy) {
  throw Error(code, "found " + found + "; expected " + expected + "; " + remedy);
}

}  // namespace kilomark
