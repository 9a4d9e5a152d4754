#include "cpu/openvino_library.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <new>
#include <string_view>
#include <vector>

#include "kilomark/error.hpp"
#include "kilomark/openvino.hpp"
#include "system/shared_library.hpp"
#include "text.hpp"

namespace kilomark::cpu {

namespace {

constexpr const char* kStem = "openvino_c";
constexpr const char* kVariable = "KILOMARK_OPENVINO";
// Without memory OpenVINO, oneDNN, its scratch pads and the start of a thread have words of their
// own.
constexpr std::array kOutOfMemoryWords{"bad_alloc", "can't alloc", "Failed to allocate",
                                       "Resource temporarily unavailable"};

struct Library {
  openvino::Api api{};
  OpenvinoProbe probe;
};

std::mutex& folder_mutex() {
  static std::mutex mutex;
  return mutex;
}

std::string& openvino_folder() {
  static std::string folder;
  return folder;
}

// Versions as they stand in names of libraries: 2641 is release 4.1 of 2026.
std::vector<std::string> library_versions() {
  std::vector<std::string> versions;
  for (int release = 99; release >= 0; --release) {
    versions.push_back(text(openvino::kYear % 100, release / 10, release % 10));
  }
  return versions;
}

// The library in a folder, the newest if there are several, or "".
std::string find_in_folder(const std::filesystem::path& folder) {
  std::string newest;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (system::is_library_name(entry.path().filename().string(), kStem)) {
      newest = std::max(newest, entry.path().string());
    }
  }
  return newest;
}

// Opens the first of `paths` that the loader accepts, or notes why not.
void* open_first(const std::vector<std::string>& paths, std::string& reason) {
  for (const std::string& path : paths) {
    if (void* const library = system::open_library(path); library != nullptr) {
      return library;
    }
    reason = reason.empty() ? system::loader_error() : reason;
  }
  return nullptr;
}

void* open_named(const std::string& named, std::string& reason) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(named, ignored);
  const std::string path = is_folder ? find_in_folder(named) : named;
  if (path.empty()) {
    reason = text(kVariable, " names ", named, ", a folder without the library ", kStem);
    return nullptr;
  }
  return open_first({path}, reason);
}

void* open_anywhere(std::string& reason) {
  if (const char* named = std::getenv(kVariable); named != nullptr && *named != '\0') {
    return open_named(named, reason);
  }
  const std::scoped_lock lock(folder_mutex());
  const std::string path =
      openvino_folder().empty() ? std::string() : find_in_folder(openvino_folder());
  return path.empty() ? open_first(system::library_names(kStem, library_versions()), reason)
                      : open_first({path}, reason);
}

template <class Function>
void find_function(void* library, const char* name, Function& function, std::string& missing) {
  function = reinterpret_cast<Function>(system::find_symbol(library, name));
  if (function == nullptr && missing.empty()) {
    missing = name;
  }
}

// Fills the table, and returns the name of the first function that is missing, or "".
std::string fill(void* library, openvino::Api& api) {
  std::string missing;
#define KILOMARK_FIND(name) find_function(library, "ov_" #name, api.name, missing)
  KILOMARK_FIND(get_openvino_version);
  KILOMARK_FIND(version_free);
  KILOMARK_FIND(get_error_info);
  KILOMARK_FIND(get_last_err_msg);
  KILOMARK_FIND(free);
  KILOMARK_FIND(core_create);
  KILOMARK_FIND(core_free);
  KILOMARK_FIND(core_read_model_from_memory_buffer);
  KILOMARK_FIND(core_compile_model);
  KILOMARK_FIND(core_get_property);
  KILOMARK_FIND(model_free);
  KILOMARK_FIND(model_inputs_size);
  KILOMARK_FIND(model_outputs_size);
  KILOMARK_FIND(model_const_input_by_index);
  KILOMARK_FIND(model_const_output_by_index);
  KILOMARK_FIND(model_const_input_by_name);
  KILOMARK_FIND(model_const_output_by_name);
  KILOMARK_FIND(model_reshape_single_input);
  KILOMARK_FIND(layout_create);
  KILOMARK_FIND(layout_free);
  KILOMARK_FIND(preprocess_prepostprocessor_create);
  KILOMARK_FIND(preprocess_prepostprocessor_free);
  KILOMARK_FIND(preprocess_prepostprocessor_get_input_info);
  KILOMARK_FIND(preprocess_prepostprocessor_build);
  KILOMARK_FIND(preprocess_input_info_get_tensor_info);
  KILOMARK_FIND(preprocess_input_info_get_model_info);
  KILOMARK_FIND(preprocess_input_info_free);
  KILOMARK_FIND(preprocess_input_tensor_info_set_layout);
  KILOMARK_FIND(preprocess_input_tensor_info_free);
  KILOMARK_FIND(preprocess_input_model_info_set_layout);
  KILOMARK_FIND(preprocess_input_model_info_free);
  KILOMARK_FIND(port_get_any_name);
  KILOMARK_FIND(port_get_partial_shape);
  KILOMARK_FIND(port_get_element_type);
  KILOMARK_FIND(partial_shape_free);
  KILOMARK_FIND(output_const_port_free);
  KILOMARK_FIND(compiled_model_create_infer_request);
  KILOMARK_FIND(compiled_model_free);
  KILOMARK_FIND(infer_request_set_tensor);
  KILOMARK_FIND(infer_request_get_tensor);
  KILOMARK_FIND(infer_request_start_async);
  KILOMARK_FIND(infer_request_wait);
  KILOMARK_FIND(infer_request_free);
  KILOMARK_FIND(tensor_create_from_host_ptr);
  KILOMARK_FIND(tensor_get_size);
  KILOMARK_FIND(tensor_data);
  KILOMARK_FIND(tensor_free);
#undef KILOMARK_FIND
  return missing;
}

std::string read_version(const openvino::Api& api) {
  openvino::Version version{};
  if (api.get_openvino_version == nullptr || api.version_free == nullptr ||
      api.get_openvino_version(&version) != openvino::Status::kOk) {
    return "";
  }
  std::string number = version.build_number != nullptr ? version.build_number : "";
  api.version_free(&version);
  return number;
}

Library load() {
  Library loaded;
  OpenvinoProbe& probe = loaded.probe;
  void* const library = open_anywhere(probe.reason);
  if (library == nullptr) {
    probe.reason = text("no library of OpenVINO (", probe.reason, ")");
    return loaded;
  }
  const std::string missing = fill(library, loaded.api);
  probe.path = system::file_of(system::find_symbol(library, "ov_get_openvino_version"));
  probe.version = read_version(loaded.api);
  if (!probe.version.starts_with(text(openvino::kYear, "."))) {
    probe.reason = text("OpenVINO ", probe.version.empty() ? "of no version" : probe.version,
                        " in ", probe.path);
  } else if (!missing.empty()) {
    probe.reason = text("OpenVINO ", probe.version, " in ", probe.path, " without ", missing);
  }
  return loaded;
}

// What was loaded, or a new try if nothing could be used.
Library loaded_library() {
  static std::mutex mutex;
  static Library library;
  const std::scoped_lock lock(mutex);
  if (library.probe.path.empty() || !library.probe.reason.empty()) {
    library = load();
  }
  return library;
}

}  // namespace

const openvino::Api& openvino_api() {
  static const openvino::Api api = [] {
    const Library library = loaded_library();
    if (!library.probe.reason.empty()) {
      fail(ErrorCode::kDependency, library.probe.reason, text("openvino", kOpenvinoRange),
           text("pip install 'openvino", kOpenvinoRange, "'"));
    }
    return library.api;
  }();
  return api;
}

void check(openvino::Status status) {
  if (status == openvino::Status::kOk) {
    return;
  }
  const openvino::Api& api = openvino_api();
  std::string said = api.get_error_info(status);
  // Of errors in its arguments the library leaves no message, so the last one is of another call.
  const bool has_message = status > openvino::Status::kInvalidParameter;
  if (const char* message = has_message ? api.get_last_err_msg() : nullptr; message != nullptr) {
    said = message;
    api.free(message);
  }
  if (std::ranges::any_of(kOutOfMemoryWords, [&](const char* words) {
        return said.find(words) != std::string::npos;
      })) {
    throw std::bad_alloc();
  }
  throw OpenvinoFailure(said);
}

}  // namespace kilomark::cpu

namespace kilomark {

OpenvinoProbe probe_openvino() { return cpu::loaded_library().probe; }

void use_openvino_folder(const std::string& folder) {
  const std::scoped_lock lock(cpu::folder_mutex());
  cpu::openvino_folder() = folder;
}

}  // namespace kilomark
