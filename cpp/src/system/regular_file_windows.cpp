#include <algorithm>
#include <fstream>
#include <system_error>

#include "system/regular_file.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

void check_size(std::uintmax_t found, std::size_t at_most_bytes) {
  if (found > at_most_bytes) {
    throw FileError(text("it holds ", found, " bytes; expected at most ", at_most_bytes), true);
  }
}

}  // namespace

std::string read_regular_file(const std::filesystem::path& path, std::size_t at_most_bytes) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error) {
    throw FileError(error.message(), false);
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw FileError("it is a folder, a pipe or a device; expected a regular file", false);
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) {
    throw FileError(error.message(), false);
  }
  check_size(size, at_most_bytes);
  std::ifstream file(path, std::ios::binary);
  std::string content(static_cast<std::size_t>(size) + 1, '\0');  // one more: it may be growing
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad() || !file.is_open()) {
    throw FileError("it cannot be opened or read", false);
  }
  content.resize(static_cast<std::size_t>(file.gcount()));
  check_size(content.size(), at_most_bytes);
  return content;
}

}  // namespace kilomark
