#include <sched.h>
#include <sys/prctl.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>

#include "system/process.hpp"
#include "system/processor.hpp"

namespace kilomark::system {

namespace {

// A line such as "4711 (python) S 1 ...", with the name in brackets and a letter for the state; see
// proc_pid_stat(5). Empty if the thread has ended.
std::string read_status(const std::filesystem::path& thread) {
  std::ifstream file(thread / "stat");
  std::string line;
  std::getline(file, line);
  return line;
}

bool is_awake(const std::string& status, const std::string& name) {
  const std::string start = " (" + name + ") ";
  const std::size_t found = status.find(start);
  return found != std::string::npos && status.compare(found + start.size(), 1, "S") != 0;
}

bool threads_sleep(const std::string& name) {
  std::error_code ended;  // no /proc: nothing to wait for
  for (std::filesystem::directory_iterator thread("/proc/self/task", ended), end;
       !ended && thread != end; thread.increment(ended)) {
    if (is_awake(read_status(thread->path()), name)) {
      return false;
    }
  }
  return true;
}

}  // namespace

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
  return std::max(count, 1);
}

std::string thread_name() {
  char name[16] = {};
  (void)prctl(PR_GET_NAME, name);
  return name;
}

void set_thread_name(const std::string& name) { (void)prctl(PR_SET_NAME, name.c_str()); }

// Asks twice: between two looks at others a thread may have woken one that was seen asleep.
void wait_until_threads_sleep(const std::string& name, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (int quiet = 0; quiet < 2 && std::chrono::steady_clock::now() < end;) {
    quiet = threads_sleep(name) ? quiet + 1 : 0;
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}

bool has_aarch64_sha256() {
#if defined(__aarch64__)
  return (getauxval(AT_HWCAP) & HWCAP_SHA2) != 0;
#else
  return false;
#endif
}

}  // namespace kilomark::system
