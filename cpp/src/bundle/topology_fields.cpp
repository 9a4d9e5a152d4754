#include "bundle/topology_fields.hpp"

#include <set>

#include "kilomark/limits.hpp"

namespace kilomark::bundle {

namespace {

constexpr double kMaxCoordinate = 1e6;  // of the mean face, whose unit is about half a face
constexpr std::size_t kLongestName = 200;

LandmarkGroup parse_group(const Fields& fields, int num_landmarks) {
  LandmarkGroup group;
  group.start = static_cast<int>(fields.integer("start", {0, num_landmarks - 1}));
  group.name = fields.text("name", kLongestName);
  group.count = static_cast<int>(fields.integer("count", {1, num_landmarks - group.start}));
  group.closed = fields.boolean_or_null("closed");
  return group;
}

std::vector<LandmarkGroup> parse_groups(const Fields& manifest, int num_landmarks) {
  std::vector<LandmarkGroup> groups;
  std::set<std::string> names;
  for (const Fields& fields :
       manifest.sections("groups", static_cast<std::size_t>(num_landmarks))) {
    groups.push_back(parse_group(fields, num_landmarks));
    if (!names.insert(groups.back().name).second) {
      throw manifest.error("groups", "names that are all different");
    }
  }
  return groups;
}

std::vector<int> parse_mirror(const Fields& manifest, int num_landmarks) {
  const std::vector<int> mirror =
      manifest.integers("mirror", static_cast<std::size_t>(num_landmarks), {0, num_landmarks - 1});
  for (std::size_t i = 0; i < mirror.size(); ++i) {
    if (mirror[static_cast<std::size_t>(mirror[i])] != static_cast<int>(i)) {
      throw manifest.error("mirror", "a permutation that is its own inverse");
    }
  }
  return mirror;
}

std::vector<std::array<double, 3>> parse_mean_shape(const Fields& manifest, int num_landmarks) {
  const std::vector<double> values =
      manifest.table("mean_shape", static_cast<std::size_t>(num_landmarks), 3, kMaxCoordinate);
  std::vector<std::array<double, 3>> points;
  for (std::size_t i = 0; i < values.size(); i += 3) {
    points.push_back({values[i], values[i + 1], values[i + 2]});
  }
  return points;
}

}  // namespace

Topology parse_topology(const Fields& manifest) {
  Topology topology;
  const int count = static_cast<int>(manifest.integer("num_landmarks", {1, kMaxLandmarks}));
  topology.num_landmarks = count;
  topology.groups = parse_groups(manifest, count);
  if (manifest.has("mirror")) {
    topology.mirror = parse_mirror(manifest, count);
  }
  if (manifest.has("subset_68")) {
    topology.subset_68 = manifest.integers("subset_68", 68, {0, count - 1});
  }
  if (manifest.has("mean_shape")) {
    topology.mean_shape = parse_mean_shape(manifest, count);
  }
  return topology;
}

}  // namespace kilomark::bundle
