#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "bundle/excerpt.hpp"
#include "bundle/fields.hpp"
#include "bundle/json.hpp"
#include "bundle/topology_fields.hpp"
#include "kilomark/bundle.hpp"
#include "kilomark/limits.hpp"
#include "kilomark/onnx_check.hpp"
#include "text.hpp"

namespace kilomark {

namespace {

using bundle::Fields;

constexpr int kSchemaVersion = 1;
constexpr double kMaxInputValue = 1e6;  // of mean and std, in units of 0 to 255
constexpr double kMinStd = 1e-6;
constexpr double kMaxRescoringNumber = 100.0;
constexpr double kMaxSpreadFactor = 100.0;
constexpr std::array<std::string_view, kNumKeypoints> kKeypoints{
    "right_eye", "left_eye", "nose_tip", "right_mouth", "left_mouth"};

std::array<float, 3> to_channels(const std::vector<double>& values) {
  return {static_cast<float>(values[0]), static_cast<float>(values[1]),
          static_cast<float>(values[2])};
}

NetworkInput parse_input(const Fields& fields) {
  const bundle::WholeRange side{1, kMaxInputSide};
  NetworkInput input;
  input.order = fields.one_of("channel_order", {"rgb", "bgr"}) == "rgb" ? ChannelOrder::kRgb
                                                                        : ChannelOrder::kBgr;
  input.mean = to_channels(fields.numbers("mean", 3, {-kMaxInputValue, kMaxInputValue}));
  input.std = to_channels(fields.numbers("std", 3, {kMinStd, kMaxInputValue}));
  input.width = static_cast<int>(fields.integer("width", side));
  input.height = static_cast<int>(fields.integer("height", side));
  return input;
}

// The numbers among the figures; other values are for people.
std::map<std::string, double> parse_accuracy(const Fields& manifest) {
  std::map<std::string, double> accuracy;
  if (manifest.has("accuracy")) {
    const Fields fields = manifest.section("accuracy");
    for (const auto& [name, value] : fields.values().items()) {
      if (value.is_number()) {
        accuracy[name] = value.get<double>();
      }
    }
  }
  return accuracy;
}

constexpr std::size_t kLongestName = 200;
constexpr const char* kBundleName = "the name of a bundle";

// A name that leads into no other folder.
std::string parse_plain_name(const Fields& fields, const char* key, const char* expected) {
  const std::string name = fields.text(key, kLongestName);
  const bool has_separator = name.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos;
  if (name.empty() || name == "." || name == ".." || has_separator) {
    throw fields.error(key, expected);
  }
  return name;
}

BundleHeader parse_header(const Fields& manifest, const std::filesystem::path& folder) {
  BundleHeader header;
  header.name = manifest.text("name", kLongestName);
  header.folder = folder;
  header.accuracy = parse_accuracy(manifest);
  const Fields model = manifest.section("model");
  header.model_file = parse_plain_name(model, "file", "a plain file name inside the bundle");
  header.model_bytes = static_cast<std::size_t>(
      model.integer("size_bytes", {1, static_cast<std::int64_t>(kMaxOnnxBytes)}));
  header.model_sha256 = model.text("sha256");
  return header;
}

std::vector<int> parse_strides(const Fields& manifest, const NetworkInput& input) {
  const std::vector<int> strides = manifest.integers_up_to("strides", kMaxStrides, {1, kMaxStride});
  if (strides.empty()) {
    throw manifest.error("strides", "at least one stride");
  }
  const int largest = *std::ranges::max_element(strides);
  const Fields fields = manifest.section("input");
  const std::string expected = text("a multiple of ", largest);
  if (input.width % largest != 0) {
    throw fields.error("width", expected);
  }
  if (input.height % largest != 0) {
    throw fields.error("height", expected);
  }
  return strides;
}

void check_keypoints(const Fields& manifest) {
  if (!std::ranges::equal(manifest.texts("keypoints"), kKeypoints)) {
    std::string expected;
    for (const std::string_view name : kKeypoints) {
      expected += text(expected.empty() ? "" : ", ", name);
    }
    throw manifest.error("keypoints", text(expected, ", in this order"));
  }
}

void parse_rescoring(const Fields& fields, FinderBundle& bundle) {
  RescoringRule& rule = bundle.network.rescoring;
  const auto read = [&](const char* name, float& target) {
    if (fields.has(name)) {
      const double number = fields.number(name, {-kMaxRescoringNumber, kMaxRescoringNumber});
      bundle.rescoring[name] = number;
      target = static_cast<float>(number);
    }
  };
  read("finder_weight", rule.finder_weight);
  read("presence_weight", rule.presence_weight);
  read("neutral_presence", rule.neutral_presence);
  read("offset", rule.offset);
  read("candidate_odds", rule.candidate_odds);
  read("large_presence_weight", rule.large_presence_weight);
  read("large_offset", rule.large_offset);
  read("company_weight", rule.company_weight);
  read("loneliness", rule.loneliness);
}

FinderBundle parse_finder(const Fields& manifest, BundleHeader header) {
  FinderBundle bundle{std::move(header), {}, {}};
  bundle.network.input = parse_input(manifest.section("input"));
  bundle.network.strides = parse_strides(manifest, bundle.network.input);
  bundle.network.rescoring = kBundleRescoring;
  check_keypoints(manifest);
  if (manifest.has("rescoring")) {
    parse_rescoring(manifest.section("rescoring"), bundle);
  }
  return bundle;
}

// A CompanionRule or an EyeRule: where its gate begins to open and where it is open, and the factor of
// the spread.
template <class Rule>
Rule parse_gate(const Fields& fields, const char* from, const char* to) {
  const auto read = [&](const char* name, double most) {
    return static_cast<float>(fields.number(name, {0.0, most}));
  };
  const Rule rule{read(from, 1.0), read(to, 1.0), read("spread_factor", kMaxSpreadFactor)};
  const auto& [begin, end, spread_factor] = rule;
  if (begin >= end) {
    throw fields.error(to, text("more than ", from, ", ", begin));
  }
  return rule;
}

Companion parse_companion(const Fields& fields) {
  return {parse_plain_name(fields, "name", kBundleName),
          parse_gate<CompanionRule>(fields, "spread_from", "spread_to")};
}

Eyes parse_eyes(const Fields& fields) {
  return {parse_plain_name(fields, "name", kBundleName),
          parse_gate<EyeRule>(fields, "width_from", "width_to")};
}

LandmarkBundle parse_landmarks(const Fields& manifest, BundleHeader header) {
  LandmarkBundle bundle{.header = std::move(header), .network = {}, .topology = {}};
  if (manifest.has("constant_outputs")) {
    bundle.knows_faces = !std::ranges::count(manifest.texts("constant_outputs"), "presence");
  }
  if (manifest.has("blends_with")) {
    bundle.blends_with = manifest.texts("blends_with");
  }
  if (manifest.has("finder")) {
    bundle.finder = parse_plain_name(manifest, "finder", kBundleName);
  }
  if (manifest.has("rescorer")) {
    bundle.rescorer = parse_plain_name(manifest, "rescorer", kBundleName);
  }
  if (manifest.has("companion")) {
    bundle.companion = parse_companion(manifest.section("companion"));
  }
  bundle.of_eye = manifest.has("of_eye") && manifest.boolean("of_eye");
  if (manifest.has("eyes")) {
    bundle.eyes = parse_eyes(manifest.section("eyes"));
  }
  bundle.network.input = parse_input(manifest.section("input"));
  bundle.network.crop_scale =
      static_cast<float>(manifest.number("crop_scale", {0.0, kMaxCropScale}));
  bundle.topology = bundle::parse_topology(manifest);
  bundle.network.num_landmarks = bundle.topology.num_landmarks;
  bundle.network.mirror = bundle.topology.mirror;
  bundle.network.has_depth = manifest.has("depth") && manifest.boolean("depth");
  return bundle;
}

}  // namespace

Bundle parse_manifest(std::string_view text, const std::filesystem::path& folder) {
  const std::string file = (folder / "manifest.json").string();
  if (text.size() > kMaxManifestBytes) {
    throw Error(ErrorCode::kBundle, kilomark::text(file, " holds ", text.size(),
                                                   " bytes; expected at most ", kMaxManifestBytes));
  }
  const bundle::Json values = bundle::parse_json_object(text, file);
  const Fields manifest(values, file);
  if (manifest.integer("schema_version", {}) != kSchemaVersion) {
    throw manifest.error("schema_version",
                         kilomark::text(kSchemaVersion, "; a newer kilomark may read this bundle"));
  }
  const std::string task = manifest.one_of("task", {"landmarks", "faces"});
  BundleHeader header = parse_header(manifest, folder);
  if (task == "faces") {
    return parse_finder(manifest, std::move(header));
  }
  return parse_landmarks(manifest, std::move(header));
}

}  // namespace kilomark
