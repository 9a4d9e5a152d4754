#include <dlfcn.h>
#include <unistd.h>

#include "system/process.hpp"
#include "system/shared_library.hpp"

namespace kilomark::system {

namespace {

constexpr int kLoadFlags = RTLD_NOW | RTLD_LOCAL;

#if defined(__APPLE__)
constexpr std::string_view kSuffix = ".dylib";
#else
constexpr std::string_view kSuffix = ".so";
#endif

}  // namespace

void* open_library(const std::string& path) { return dlopen(path.c_str(), kLoadFlags); }

void* find_open_library(const std::string& name) {
  return dlopen(name.c_str(), kLoadFlags | RTLD_NOLOAD);
}

std::string loader_error() {
  const char* const message = dlerror();
  return message != nullptr ? message : "unknown error of the loader";
}

void* find_symbol(void* library, const char* name) { return dlsym(library, name); }

std::string file_of(const void* address) {
  Dl_info info{};
  return dladdr(address, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

// The version stands after the suffix on Linux, and before it on macOS.
bool is_library_name(std::string_view file_name, std::string_view stem) {
  const std::string start = "lib" + std::string(stem) + ".";
  return file_name.starts_with(start) &&
         file_name.substr(start.size() - 1).find(kSuffix) != std::string_view::npos;
}

std::vector<std::string> library_names(std::string_view stem,
                                       const std::vector<std::string>& versions) {
  const std::string start = "lib" + std::string(stem);
  const std::string suffix(kSuffix);
  std::vector<std::string> names{start + suffix};
  for (const std::string& version : versions) {
#if defined(__APPLE__)
    names.push_back(start + "." + version + suffix);
#else
    names.push_back(start + suffix + "." + version);
#endif
  }
  return names;
}

std::int64_t process_id() { return getpid(); }

}  // namespace kilomark::system
