#include <cstdlib>
#include <system_error>

#include "cut_text.hpp"
#include "kilomark/bundle.hpp"
#include "kilomark/error.hpp"
#include "system/shared_library.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

using std::filesystem::path;

#if defined(_WIN32)
constexpr char kPathSeparator = ';';
#else
constexpr char kPathSeparator = ':';
#endif

std::vector<path> split_paths(std::string_view joined) {
  std::vector<path> paths;
  while (!joined.empty()) {
    const std::size_t end = joined.find(kPathSeparator);
    if (const std::string_view part = joined.substr(0, end); !part.empty()) {
      paths.emplace_back(part);
    }
    joined.remove_prefix(end == std::string_view::npos ? joined.size() : end + 1);
  }
  return paths;
}

// The folder of the library or program that this code is part of; empty if it is not known. Links are
// followed, because loaders name a library in /usr/lib as /lib/libkilomark.so.
path own_folder() {
  const std::string file = system::file_of(reinterpret_cast<const void*>(&own_folder));
  std::error_code error;
  const path followed = file.empty() ? path() : std::filesystem::canonical(file, error);
  return error ? std::filesystem::absolute(file, error).parent_path() : followed.parent_path();
}

// Folders that may not be looked into count as empty.
bool is_bundle(const path& folder) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(folder / "manifest.json", ignored);
}

std::vector<path> subfolders(const path& folder) {
  std::vector<path> found;
  std::error_code ignored;
  for (auto item = std::filesystem::directory_iterator(folder, ignored);
       !ignored && item != std::filesystem::directory_iterator(); item.increment(ignored)) {
    found.push_back(item->path());
  }
  return found;
}

bool is_folder(const path& folder) {
  std::error_code ignored;
  return std::filesystem::is_directory(folder, ignored);
}

std::string joined_names(const std::map<std::string, path>& bundles) {
  std::string names;
  for (const auto& [name, folder] : bundles) {
    names += text(names.empty() ? "" : ", ", name);
  }
  return names;
}

std::string joined_folders() {
  std::string folders;
  for (const path& folder : bundle_folders()) {
    folders += text(folders.empty() ? "" : ", ", folder.string());
  }
  return folders;
}

[[noreturn]] void fail_finding(const path& wanted, const std::map<std::string, path>& installed) {
  const char* found =
      is_folder(wanted) ? "has no manifest.json" : "is neither a folder nor a known name";
  const std::string expected = installed.empty()
                                   ? text("(none in ", joined_folders(), "; set KILOMARK_BUNDLES)")
                                   : joined_names(installed);
  throw Error(ErrorCode::kBundle,
              text("no bundle '", cut(wanted.string()), "': it ", found, "; expected one of ",
                   expected, ", or the path of a folder with manifest.json and model.onnx"));
}

}  // namespace

std::vector<path> bundle_folders() {
  std::vector<path> folders;
  if (const char* given = std::getenv("KILOMARK_BUNDLES"); given != nullptr) {
    folders = split_paths(given);
  }
  // From PREFIX/lib/libkilomark.so, or from PREFIX/lib/ARCHITECTURE/libkilomark.so, to PREFIX.
  const path own = own_folder();
  for (const path& prefix : {own.parent_path(), own.parent_path().parent_path()}) {
    const path folder = prefix / "share" / "kilomark" / "bundles";
    if (!own.empty() && is_folder(folder)) {
      folders.push_back(folder);
      break;
    }
  }
#if defined(KILOMARK_INSTALLED_BUNDLES)  // where CMake installs to
  folders.emplace_back(KILOMARK_INSTALLED_BUNDLES);
#endif
  return folders;
}

std::map<std::string, path> installed_bundles() {
  std::map<std::string, path> bundles;
  for (const path& folder : bundle_folders()) {
    for (const path& candidate : subfolders(folder)) {
      if (is_bundle(candidate)) {
        bundles.emplace(candidate.filename().string(), candidate);
      }
    }
  }
  return bundles;
}

path find_bundle(const path& name_or_folder) {
  const std::map<std::string, path> installed = installed_bundles();
  if (const auto found = installed.find(name_or_folder.string()); found != installed.end()) {
    return found->second;
  }
  if (!name_or_folder.empty() && is_bundle(name_or_folder)) {
    return name_or_folder;
  }
  fail_finding(name_or_folder, installed);
}

}  // namespace kilomark
