#include "cuda/plugin_library.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>

#include "system/shared_library.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

constexpr std::array kPluginNames{"libkilomark_cuda_trt11.so", "libkilomark_cuda_trt10.so"};

// The folder of the library that this code is part of.
std::filesystem::path own_folder() {
  const std::string file = system::file_of(reinterpret_cast<const void*>(&own_folder));
  return std::filesystem::path(file).parent_path();
}

template <class Function>
Function find_function(void* library, const char* name) {
  return reinterpret_cast<Function>(system::find_symbol(library, name));
}

Plugin open_plugin(const std::string& path) {
  void* const library = system::open_library(path);
  if (library == nullptr) {
    return {path, text("the plugin cannot be loaded: ", system::loader_error()), nullptr};
  }
  const auto version = find_function<AbiVersionFunction>(library, kAbiVersionSymbol);
  const auto api = find_function<PluginApiFunction>(library, kPluginApiSymbol);
  if (version == nullptr || api == nullptr) {
    return {path, text(path, " is not a plugin of kilomark"), nullptr};
  }
  if (version() != kAbiVersion) {
    return {path,
            text("the plugin ", path, " has ABI version ", version(), "; expected ", kAbiVersion,
                 "; install the plugin that was built with this kilomark"),
            nullptr};
  }
  return {path, "", api()};
}

Plugin load_once(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, Plugin> loaded;
  const std::scoped_lock lock(mutex);
  const auto known = loaded.find(path);
  return known != loaded.end() ? known->second
                               : loaded.emplace(path, open_plugin(path)).first->second;
}

}  // namespace

std::vector<Plugin> load_plugins() {
  if (const char* path = std::getenv("KILOMARK_CUDA_PLUGIN"); path != nullptr && *path != '\0') {
    return {load_once(path)};
  }
  std::vector<Plugin> plugins;
  const std::filesystem::path folder = own_folder();
  for (const char* name : kPluginNames) {
    std::error_code ignored;
    if (std::filesystem::exists(folder / name, ignored)) {
      plugins.push_back(load_once((folder / name).string()));
    }
  }
  if (plugins.empty()) {
    plugins.push_back(
        {"", "this kilomark was built without its CUDA plugin (KILOMARK_CUDA=ON builds it)",
         nullptr});
  }
  return plugins;
}

}  // namespace kilomark::cuda
