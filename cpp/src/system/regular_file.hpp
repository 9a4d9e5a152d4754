#pragma once

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace kilomark {

// A file that cannot be read; what() says why, without its name.
class FileError : public std::runtime_error {
 public:
  FileError(const std::string& reason, bool is_too_large)
      : std::runtime_error(reason), is_too_large_(is_too_large) {}

  [[nodiscard]] bool is_too_large() const noexcept { return is_too_large_; }

 private:
  bool is_too_large_;
};

// Reads a regular file, or a link to one, whose size is checked before it is read. Throws FileError
// if it cannot be read, is larger than `at_most_bytes`, or is a pipe, a device or a folder, which
// might never end.
[[nodiscard]] std::string read_regular_file(const std::filesystem::path& path,
                                            std::size_t at_most_bytes);

}  // namespace kilomark
