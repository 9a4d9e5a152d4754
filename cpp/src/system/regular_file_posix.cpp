#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "system/regular_file.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(number_); }

  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

// A pipe without a writer is opened at once, by O_NONBLOCK, which regular files ignore.
int open_for_reading(const std::filesystem::path& path) {
  const int number = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (number < 0) {
    throw FileError(reason_of(errno), false);
  }
  return number;
}

void check_kind(mode_t mode) {
  if (S_ISDIR(mode)) {
    throw FileError(reason_of(EISDIR), false);
  }
  if (!S_ISREG(mode)) {
    throw FileError(text("it is ", S_ISFIFO(mode) ? "a pipe" : "a device or a socket",
                         "; expected a regular file"),
                    false);
  }
}

void check_size(std::uintmax_t found, std::size_t at_most_bytes) {
  if (found > at_most_bytes) {
    throw FileError(text("it holds ", found, " bytes; expected at most ", at_most_bytes), true);
  }
}

// Fills `target` as far as the file goes; returns how far.
std::size_t read_into(int file, std::string& target) {
  std::size_t filled = 0;
  while (filled < target.size()) {
    const ssize_t count = read(file, target.data() + filled, target.size() - filled);
    if (count < 0 && errno != EINTR) {
      throw FileError(reason_of(errno), false);
    }
    if (count == 0) {
      break;
    }
    filled += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  }
  return filled;
}

}  // namespace

std::string read_regular_file(const std::filesystem::path& path, std::size_t at_most_bytes) {
  const Descriptor file(open_for_reading(path));
  struct stat status{};
  if (fstat(file.number(), &status) != 0) {
    throw FileError(reason_of(errno), false);
  }
  check_kind(status.st_mode);
  const auto size = static_cast<std::uintmax_t>(status.st_size);
  check_size(size, at_most_bytes);
  std::string content(static_cast<std::size_t>(size) + 1, '\0');  // one more: it may be growing
  content.resize(read_into(file.number(), content));
  check_size(content.size(), at_most_bytes);
  return content;
}

}  // namespace kilomark
