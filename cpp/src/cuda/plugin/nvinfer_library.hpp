#pragma once

#include <array>
#include <span>
#include <string>

namespace kilomark::cuda {

// libnvinfer.so.<major>, looked for and loaded, or the reason why not. It stays loaded for the life
// of the process.
struct NvinferLibrary {
  void* handle = nullptr;  // null: `reason` says why
  std::string path;
  std::string reason;
  std::array<int, 4> version{};
};

// Looks where the environment variable KILOMARK_NVINFER says, else among the libraries that are
// loaded, in `folders`, and in the system. Refuses a library of another major version, whose
// objects would crash; only plain C functions are called here.
[[nodiscard]] NvinferLibrary load_nvinfer(int major, std::span<const char* const> folders);

}  // namespace kilomark::cuda
