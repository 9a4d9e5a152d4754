#include <sched.h>

#include <algorithm>

#include "system/process.hpp"

namespace kilomark::system {

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
  return std::max(count, 1);
}

}  // namespace kilomark::system
