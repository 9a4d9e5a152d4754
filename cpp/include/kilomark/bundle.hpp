#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kilomark/api.hpp"
#include "kilomark/network.hpp"
#include "kilomark/topology.hpp"

// Bundles: a trained network as a folder with manifest.json and model.onnx.
//
// The manifest is JSON of at most kMaxManifestBytes, nested at most kMaxManifestDepth deep, with
// no key twice in an object. Every number has bounds; unknown keys are ignored.
//
//   | key                                  | value                                                |
//   |--------------------------------------|------------------------------------------------------|
//   | schema_version                       | 1                                                    |
//   | name, task                           | text; "landmarks" or "faces"                         |
//   | model.file, .size_bytes, .sha256     | a plain file name in the folder, its size and digest |
//   | input.width, .height                 | 1 to kMaxInputSide px                                |
//   | input.channel_order, .mean, .std     | "rgb" or "bgr"; 3 numbers each, in units of 0 to 255 |
//   | accuracy                             | measured figures by name; optional                   |
//   | of landmarks: num_landmarks          | K, 1 to kMaxLandmarks                                |
//   |   crop_scale, depth                  | see LandmarkNetwork; depth is optional               |
//   |   groups                             | at most K of name, start, count, closed              |
//   |   mirror, subset_68, mean_shape      | see Topology; optional                               |
//   |   constant_outputs                   | names; "presence" if that says nothing; optional     |
//   |   blends_with                        | names of bundles; optional                           |
//   |   finder, rescorer                   | names of bundles; optional, see LandmarkBundle       |
//   |   companion                          | name of a bundle, numbers of its CompanionRule;      |
//   |                                      | optional                                             |
//   |   of_eye                             | true of an eye network; optional                     |
//   |   eyes                               | name of a bundle, numbers of its EyeRule; optional   |
//   | of faces: strides, keypoints         | at most kMaxStrides; the 5 names in their order      |
//   |   rescoring                          | see RescoringRule; optional                          |
//
// Errors: Error{kBundle}, whose message names the file, the key, what was found and expected.
// Threads: all functions may be called from several threads at once.

namespace kilomark {

inline constexpr std::size_t kMaxManifestBytes = std::size_t{4} << 20;
inline constexpr int kMaxManifestDepth = 16;

// The shipped bundles for a landmark bundle that names no others. They are small and fast.
inline constexpr std::string_view kDefaultFinder = "faces";
inline constexpr std::string_view kDefaultRescorer = "lite";

// What every bundle holds.
struct BundleHeader {
  std::string name;
  std::filesystem::path folder;
  std::string model_file;                  // its name in the folder
  std::size_t model_bytes = 0;             // its size
  std::string model_sha256;                // its digest, as the manifest writes it
  std::map<std::string, double> accuracy;  // what was measured, by name
};

// The bundle of a landmark network's companion: its name, and where it runs.
struct Companion {
  std::string name;
  CompanionRule rule;
};

// The bundle of a network that sees each eye in a crop of its own, and how much it counts.
struct Eyes {
  std::string name;
  EyeRule rule;
};

// A network that places landmarks in the crop of one face.
struct LandmarkBundle {
  BundleHeader header;
  LandmarkNetwork network;
  Topology topology;
  bool knows_faces = true;  // false if its presence is a constant
  bool of_eye = false;      // true if it sees one eye, not a face: another bundle names it
  // Names of bundles whose landmarks, blended with its own, were measured to be better.
  std::vector<std::string> blends_with = {};
  // Names of the bundles that find faces for it, and whose presence rescores these.
  std::string finder{kDefaultFinder};
  std::string rescorer{kDefaultRescorer};
  std::optional<Companion> companion = {};
  std::optional<Eyes> eyes = {};
};

// A face detector.
struct FinderBundle {
  BundleHeader header;
  FinderNetwork network;
  // The numbers of the RescoringRule that the manifest states; the network has the defaults too.
  std::map<std::string, double> rescoring;
};

using Bundle = std::variant<LandmarkBundle, FinderBundle>;

// Parses a manifest. `folder` is where it stands, for messages. No file is read, so the network has
// no model.
[[nodiscard]] KILOMARK_API Bundle parse_manifest(std::string_view text,
                                                 const std::filesystem::path& folder);

// Reads the bundle of a folder. Checks the size and the SHA-256 of its model, then the model itself
// by check_onnx(). Only regular files are read, and no more of them than the limits allow.
[[nodiscard]] KILOMARK_API Bundle read_bundle(const std::filesystem::path& folder);

// Where bundles are looked for by name, in this order: the folders of the environment variable
// KILOMARK_BUNDLES (separated by ":", on Windows by ";"), share/kilomark/bundles under the prefix
// whose lib folder holds this library, and the same under the prefix that it was built for.
[[nodiscard]] KILOMARK_API std::vector<std::filesystem::path> bundle_folders();

// The folders of all bundles in bundle_folders(), by name; the first of a name counts.
[[nodiscard]] KILOMARK_API std::map<std::string, std::filesystem::path> installed_bundles();

// The folder of a bundle: of an installed one by its name, or else `name_or_folder` itself if it
// holds a manifest.json.
[[nodiscard]] KILOMARK_API std::filesystem::path find_bundle(
    const std::filesystem::path& name_or_folder);

// Find a bundle, and read it. Throw as above, and if the bundle is of the other task.
[[nodiscard]] KILOMARK_API LandmarkBundle
read_landmark_bundle(const std::filesystem::path& name_or_folder);
[[nodiscard]] KILOMARK_API FinderBundle
read_finder_bundle(const std::filesystem::path& name_or_folder);

// Reads the companion that a bundle names, from the folder beside its own or else by its name. Throws
// Error{kBundle} if it is missing or damaged, or places other landmarks.
[[nodiscard]] KILOMARK_API LandmarkBundle read_companion(const LandmarkBundle& landmarks);

// Reads the eye network that a bundle names, in the same way. Throws Error{kBundle} if it is
// missing or damaged, or does not fit; see eye_landmarks().
[[nodiscard]] KILOMARK_API EyeNetwork read_eyes(const LandmarkBundle& landmarks);

// Of face detectors whose manifest states none of it: fitted to "faces" with the presence of "lite".
inline constexpr RescoringRule kBundleRescoring{0.7F, 0.55F, 0.5F, 0.0F, 0.15F};

// What a detector made of bundles drops. It is low, because the score holds the presence already.
inline constexpr double kBundlePresenceThreshold = 0.001;

}  // namespace kilomark
