#include "kilomark/bundle.hpp"

#include <algorithm>
#include <memory>
#include <system_error>

#include "bundle/sha256.hpp"
#include "cut_text.hpp"
#include "kilomark/error.hpp"
#include "kilomark/onnx_check.hpp"
#include "system/regular_file.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

constexpr const char* kRemedy = "export or install the bundle again";

[[noreturn]] void fail_bundle(const std::string& message) {
  throw Error(ErrorCode::kBundle, message);
}

std::string read_manifest_text(const std::filesystem::path& file) {
  try {
    return read_regular_file(file, kMaxManifestBytes);
  } catch (const FileError& error) {
    fail_bundle(text(file.string(), " cannot be read: ", error.what()));
  }
}

std::string read_model_file(const std::filesystem::path& file, std::size_t size_bytes) {
  try {
    return read_regular_file(file, size_bytes);
  } catch (const FileError& error) {
    if (error.is_too_large()) {
      fail_bundle(
          text(file.string(), " is damaged: ", error.what(), " by the manifest; ", kRemedy));
    }
    fail_bundle(text(file.string(), " cannot be read: ", error.what(), "; ", kRemedy));
  }
}

std::string to_lower(std::string digits) {
  std::ranges::transform(digits, digits.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return digits;
}

Model read_model(const BundleHeader& header) {
  const std::filesystem::path file = header.folder / header.model_file;
  const auto model = std::make_shared<const std::string>(read_model_file(file, header.model_bytes));
  const std::string found = bundle::sha256(*model);
  if (model->size() != header.model_bytes || found != to_lower(header.model_sha256)) {
    fail_bundle(text(file.string(), " is damaged: found ", model->size(), " bytes with SHA-256 ",
                     found, ", the manifest says ", header.model_bytes, " bytes with ",
                     cut(header.model_sha256), "; ", kRemedy));
  }
  try {
    check_onnx(*model);
  } catch (const Error& error) {
    fail_bundle(text(file.string(), ": ", error.what()));
  }
  return model;
}

// Reads a bundle that another one names, from the folder beside its own or else by its name.
LandmarkBundle read_named(const LandmarkBundle& landmarks, const std::string& name,
                          std::string_view what) {
  std::error_code ignored;
  const std::filesystem::path beside = landmarks.header.folder / ".." / name;
  const bool is_beside = std::filesystem::is_regular_file(beside / "manifest.json", ignored);
  if (!is_beside && !installed_bundles().contains(name)) {
    fail_bundle(text("the ", what, " '", name, "' of the bundle '", landmarks.header.name,
                     "' is missing: it is neither beside ", landmarks.header.folder.string(),
                     " nor installed; copy it there, or load none"));
  }
  return read_landmark_bundle(is_beside ? beside.lexically_normal() : std::filesystem::path(name));
}

}  // namespace

Bundle read_bundle(const std::filesystem::path& folder) {
  Bundle bundle = parse_manifest(read_manifest_text(folder / "manifest.json"), folder);
  std::visit([](auto& found) { found.network.model = read_model(found.header); }, bundle);
  return bundle;
}

LandmarkBundle read_landmark_bundle(const std::filesystem::path& name_or_folder) {
  Bundle bundle = read_bundle(find_bundle(name_or_folder));
  if (auto* landmarks = std::get_if<LandmarkBundle>(&bundle)) {
    return std::move(*landmarks);
  }
  fail_bundle(text("the bundle '", std::get<FinderBundle>(bundle).header.name,
                   "' finds faces; expected a bundle of task 'landmarks'"));
}

FinderBundle read_finder_bundle(const std::filesystem::path& name_or_folder) {
  Bundle bundle = read_bundle(find_bundle(name_or_folder));
  if (auto* finder = std::get_if<FinderBundle>(&bundle)) {
    return std::move(*finder);
  }
  fail_bundle(text("the bundle '", std::get<LandmarkBundle>(bundle).header.name,
                   "' places landmarks; expected a bundle of task 'faces'"));
}

LandmarkBundle read_companion(const LandmarkBundle& landmarks) {
  LandmarkBundle companion = read_named(landmarks, landmarks.companion->name, "companion");
  if (!same_landmarks(landmarks.topology, companion.topology)) {
    fail_bundle(text("the companion '", companion.header.name, "' places other landmarks than '",
                     landmarks.header.name, "'; expected the same number, groups and mirror"));
  }
  return companion;
}

EyeNetwork read_eyes(const LandmarkBundle& landmarks) {
  const LandmarkBundle eyes = read_named(landmarks, landmarks.eyes->name, "eye network");
  if (!eyes.of_eye) {
    fail_bundle(text("the bundle '", eyes.header.name, "' sees faces; as eyes of the bundle '",
                     landmarks.header.name, "' an eye network is needed"));
  }
  EyeLandmarks of_face = eye_landmarks(landmarks.topology, eyes.topology);
  return {eyes.network, landmarks.eyes->rule, std::move(of_face.right), std::move(of_face.left),
          of_face.corners};
}

}  // namespace kilomark
