#pragma once

#include <cstdint>

// What the system knows of this process. posix.cpp, linux.cpp, macos.cpp and windows.cpp implement
// this.
namespace kilomark::system {

// Differs from the parent's in a forked child.
[[nodiscard]] std::int64_t process_id();

// The cores that this process may use, at least 1. In a container or under taskset they are fewer
// than the machine has.
[[nodiscard]] int usable_cores();

}  // namespace kilomark::system
