#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "system/process.hpp"
#include "system/processor.hpp"
#include "system/shared_library.hpp"

namespace kilomark::system {

void* open_library(const std::string& path) {
  const std::filesystem::path file(path);
  // A library's own folder holds those that it needs; it must be given in full for that.
  const DWORD flags = file.is_absolute()
                          ? LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS
                          : LOAD_LIBRARY_SEARCH_DEFAULT_DIRS;
  return reinterpret_cast<void*>(LoadLibraryExW(file.c_str(), nullptr, flags));
}

void* find_open_library(const std::string& name) {
  HMODULE library = nullptr;
  const std::filesystem::path file(name);
  return GetModuleHandleExW(0, file.c_str(), &library) != 0 ? reinterpret_cast<void*>(library)
                                                            : nullptr;
}

std::string loader_error() { return "error " + std::to_string(GetLastError()) + " of Windows"; }

void* find_symbol(void* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(reinterpret_cast<HMODULE>(library), name));
}

std::string file_of(const void* address) {
  constexpr DWORD kFlags =
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
  HMODULE library = nullptr;
  if (GetModuleHandleExW(kFlags, static_cast<LPCWSTR>(address), &library) == 0) {
    return "";
  }
  std::wstring file(32768, L'\0');  // the longest path of Windows
  const auto size = static_cast<DWORD>(file.size());
  file.resize(GetModuleFileNameW(library, file.data(), size));
  return std::filesystem::path(file).string();
}

bool is_library_name(std::string_view file_name, std::string_view stem) {
  return file_name == std::string(stem) + ".dll";  // no version in it
}

std::vector<std::string> library_names(std::string_view stem,
                                       const std::vector<std::string>& /*versions*/) {
  return {std::string(stem) + ".dll"};
}

std::int64_t process_id() { return GetCurrentProcessId(); }

int usable_cores() {
  DWORD_PTR own = 0;
  DWORD_PTR machine = 0;
  const bool known = GetProcessAffinityMask(GetCurrentProcess(), &own, &machine) != 0;
  return std::max(known ? std::popcount(static_cast<std::uint64_t>(own)) : 0, 1);
}

std::string thread_name() { return {}; }

void set_thread_name(const std::string& /*name*/) {}

void wait_until_threads_sleep(const std::string& /*name*/, std::chrono::milliseconds /*limit*/) {}

bool has_aarch64_sha256() {
#if defined(__aarch64__)
  return IsProcessorFeaturePresent(PF_ARM_V8_CRYPTO_INSTRUCTIONS_AVAILABLE) != 0;
#else
  return false;
#endif
}

}  // namespace kilomark::system
