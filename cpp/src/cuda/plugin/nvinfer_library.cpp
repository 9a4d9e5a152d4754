#include "cuda/plugin/nvinfer_library.hpp"

#include <cstdlib>
#include <filesystem>

#include "system/shared_library.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

int call_version(void* library, const char* name, int otherwise) {
  const auto function = reinterpret_cast<int (*)()>(system::find_symbol(library, name));
  return function != nullptr ? function() : otherwise;
}

std::string path_of(void* library, const std::string& name) {
  const void* const symbol = system::find_symbol(library, "getInferLibVersion");
  const std::string path = symbol != nullptr ? system::file_of(symbol) : "";
  return path.empty() ? name : path;
}

// Opens the library or notes why not.
void* open_library(const std::string& name, std::string& failures) {
  void* const library = system::open_library(name);
  if (library == nullptr) {
    failures += text(failures.empty() ? "" : "; ", system::loader_error());
  }
  return library;
}

void* find_library(const std::string& name, std::span<const char* const> folders,
                   std::string& failures) {
  if (const char* path = std::getenv("KILOMARK_NVINFER"); path != nullptr && *path != '\0') {
    return open_library(path, failures);  // that one or none
  }
  if (void* const loaded = system::find_open_library(name); loaded != nullptr) {
    return loaded;
  }
  for (const char* folder : folders) {
    if (void* const library = open_library(text(folder, "/", name), failures); library != nullptr) {
      return library;
    }
  }
  return open_library(name, failures);
}

// What pip or the user installed of another major version, in words, or "".
std::string other_majors(int major, std::span<const char* const> folders) {
  for (const char* folder : folders) {
    for (const int other : {10, 11, 12}) {
      const std::string path = text(folder, "/libnvinfer.so.", other);
      std::error_code ignored;
      if (other != major && std::filesystem::exists(path, ignored)) {
        return text("; ", folder, " holds TensorRT ", other,
                    ", but this plugin is built for TensorRT ", major,
                    ": pip install 'tensorrt==", major, ".*'");
      }
    }
  }
  return "";
}

// 10.14.1 was 101401; before 10 it had one digit less. The build is a call of its own.
std::array<int, 4> read_version(void* library) {
  const int packed = call_version(library, "getInferLibVersion", 0);
  return {packed / 10000, packed / 100 % 100, packed % 100,
          call_version(library, "getInferLibBuildVersion", 0)};
}

}  // namespace

NvinferLibrary load_nvinfer(int major, std::span<const char* const> folders) {
  const std::string name = text("libnvinfer.so.", major);
  std::string failures;
  void* const library = find_library(name, folders, failures);
  if (library == nullptr) {
    return {
        nullptr,
        "",
        text("TensorRT ", major, " was not found (", failures, ")", other_majors(major, folders)),
        {}};
  }
  NvinferLibrary found{library, path_of(library, name), "", read_version(library)};
  if (found.version[0] != major) {
    found.handle = nullptr;
    found.reason =
        text(found.path, " is of TensorRT ", found.version[0], "; this plugin needs ", major);
  }
  return found;
}

}  // namespace kilomark::cuda
