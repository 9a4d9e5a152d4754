#include <algorithm>
#include <thread>

#include "system/process.hpp"

namespace kilomark::system {

// macOS ties no process to cores, so all of the machine's are usable.
int usable_cores() { return std::max(static_cast<int>(std::thread::hardware_concurrency()), 1); }

}  // namespace kilomark::system
