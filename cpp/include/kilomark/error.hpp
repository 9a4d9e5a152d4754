#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include "kilomark/api.hpp"

namespace kilomark {

enum class ErrorCode {
  kInvalidInput,  // an argument of the call cannot be worked on
  kBundle,        // a network is not what its description says
  kDevice,        // the device asked for cannot be used here
  kInference,     // the network failed while it was loaded or run
  kDependency,    // a library that the call needs is missing or of another version
};

// A longer message loses its middle: what was found may be a value of any length.
inline constexpr std::size_t kMaxErrorBytes = 1500;

// The one exception of the library, besides std::bad_alloc where memory runs out. Its message says
// what was found, what was expected and how to mend it, in at most kMaxErrorBytes.
class KILOMARK_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message);

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

// Throws Error with the message "found ...; expected ...; <remedy>".
[[noreturn]] KILOMARK_API void fail(ErrorCode code, const std::string& found,
                                    const std::string& expected, const std::string& remedy);

}  // namespace kilomark
