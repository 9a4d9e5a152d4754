#include "cuda/plugin_library.hpp"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>

#include "text.hpp"

namespace kilomark::cuda {

namespace {

constexpr std::array kPluginNames{"libkilomark_cuda_trt11.so", "libkilomark_cuda_trt10.so"};

std::string loader_error() {
  const char* message = dlerror();
  return message != nullptr ? message : "unknown error of the loader";
}

// The folder of the library that this code is part of.
std::filesystem::path own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || info.dli_fname == nullptr) {
    return {};
  }
  return std::filesystem::path(info.dli_fname).parent_path();
}

template <class Function>
Function find_function(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

Plugin open_plugin(const std::string& path) {
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return {path, text("the plugin cannot be loaded: ", loader_error()), nullptr};
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
