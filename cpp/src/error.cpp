#include "kilomark/error.hpp"

namespace kilomark {

void fail(ErrorCode code, const std::string& found, const std::string& expected,
          const std::string& remedy) {
  throw Error(code, "found " + found + "; expected " + expected + "; " + remedy);
}

}  // namespace kilomark
