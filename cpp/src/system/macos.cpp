#include <algorithm>
#include <thread>

#include "system/process.hpp"
#include "system/processor.hpp"

namespace kilomark::system {

// macOS ties no process to cores, so all of the machine's are usable.
int usable_cores() { return std::max(static_cast<int>(std::thread::hardware_concurrency()), 1); }

bool has_aarch64_sha256() {
#if defined(__aarch64__)
  return true;  // as every processor of Apple for macOS
#else
  return false;
#endif
}

}  // namespace kilomark::system
