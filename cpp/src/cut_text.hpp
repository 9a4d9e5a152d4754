#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kilomark {

// Texts for error messages, cut to a length that a person reads. Lengths are bytes; characters of
// UTF-8 stay whole.

inline constexpr std::size_t kLongestExcerpt = 80;

// The first `longest` bytes, and " ..." if that is not all.
[[nodiscard]] std::string cut(std::string_view text, std::size_t longest = kLongestExcerpt);

// The text in double quotes, cut, with '?' for control characters.
[[nodiscard]] std::string quote(std::string_view text);

// The first and the last bytes with " ... " between them, at most `longest` bytes in all: the end of
// a message says how to mend the error. `longest` is 100 or more.
[[nodiscard]] std::string cut_middle(std::string_view text, std::size_t longest);

}  // namespace kilomark
