#pragma once

#include <chrono>
#include <cstdint>
#include <string>

// What the system knows of this process. posix.cpp, linux.cpp, macos.cpp and windows.cpp implement
// this.
namespace kilomark::system {

// Differs from the parent's in a forked child.
[[nodiscard]] std::int64_t process_id();

// The cores that this process may use, at least 1. In a container or under taskset they are fewer
// than the machine has.
[[nodiscard]] int usable_cores();

// The name of the calling thread, at most 15 characters. The threads that it starts have the same
// name, unless they get another. Linux only: elsewhere names are empty, and setting one does
// nothing.
[[nodiscard]] std::string thread_name();
void set_thread_name(const std::string& name);

// Returns when all threads of this process with this name sleep, after `limit` at the latest. Linux
// only: elsewhere it returns at once.
void wait_until_threads_sleep(const std::string& name, std::chrono::milliseconds limit);

}  // namespace kilomark::system
