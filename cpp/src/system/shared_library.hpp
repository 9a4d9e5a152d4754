#pragma once

#include <string>
#include <string_view>
#include <vector>

// Libraries that are opened at run time. posix.cpp and windows.cpp implement this.
namespace kilomark::system {

// Opens the library of this path or name, which the loader then looks for. Null if it cannot;
// loader_error() says why. Libraries stay open for the life of the process: nothing here closes one.
[[nodiscard]] void* open_library(const std::string& path);

// The library of this path or name if the process has it open already, else null.
[[nodiscard]] void* find_open_library(const std::string& name);

// Why the last call of open_library() on this thread failed.
[[nodiscard]] std::string loader_error();

// Null if the library has no such symbol.
[[nodiscard]] void* find_symbol(void* library, const char* name);

// The file of the library or program that holds this address, or "".
[[nodiscard]] std::string file_of(const void* address);

// Whether a file's name is that of the library `stem` on this system, in any version:
// libopenvino_c.so.2641, libopenvino_c.2641.dylib, openvino_c.dll.
[[nodiscard]] bool is_library_name(std::string_view file_name, std::string_view stem);

// The names under which the loader may know the library `stem` if it is of one of `versions`.
[[nodiscard]] std::vector<std::string> library_names(std::string_view stem,
                                                     const std::vector<std::string>& versions);

}  // namespace kilomark::system
