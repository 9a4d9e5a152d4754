#include <algorithm>
#include <thread>

#include "system/process.hpp"
#include "system/processor.hpp"

namespace kilomark::system {

// macOS ties no process to cores, so all of the machine's are usable.
int usable_cores() { return std::max(static_cast<int>(std::thread::hardware_concurrency()), 1); }

std::string thread_name() { return {}; }

void set_thread_name(const std::string& /*name*/) {}

void wait_until_threads_sleep(const std::string& /*name*/, std::chrono::milliseconds /*limit*/) {}

bool has_aarch64_sha256() {
#if defined(__aarch64__)
  return true;  // as every processor of Apple for macOS
#else
  return false;
#endif
}

}  // namespace kilomark::system
