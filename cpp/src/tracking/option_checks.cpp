#include "option_checks.hpp"

#include <string>

#include "kilomark/error.hpp"
#include "kilomark/tracker_limits.hpp"
#include "text.hpp"

namespace kilomark::tracking {

namespace {

void check_options(const TrackerOptions& options) {
  const auto fail_option = [](const char* name, double value, const std::string& expected) {
    fail(ErrorCode::kInvalidInput, text(name, " ", value), expected, "choose another value");
  };
  if (!(options.smoothing >= 0.0 && options.smoothing <= kMaxSmoothing)) {
    fail_option("smoothing", options.smoothing, text("0 to ", kMaxSmoothing));
  }
  if (!(options.memory_s >= 0.0 && options.memory_s <= kMaxMemorySeconds)) {
    fail_option("memory_s", options.memory_s, text("0 to ", kMaxMemorySeconds, " seconds"));
  }
  if (options.detect_every < 1) {
    fail_option("detect_every", options.detect_every, "1 and more frames");
  }
  if (options.tiles < 0 || options.tiles > kMaxTrackerTiles) {
    fail_option("tiles", options.tiles, text("0 to ", kMaxTrackerTiles));
  }
  if (options.max_faces < 0) {
    fail_option("max_faces", options.max_faces, "0 and more");
  }
  if (!(options.presence_threshold >= 0.0F && options.presence_threshold <= 1.0F)) {
    fail_option("presence_threshold", static_cast<double>(options.presence_threshold), "0 to 1");
  }
}

void check_layout(const FaceLayout& layout) {
  const bool has_noise = layout.noise.empty() || layout.noise.size() == layout.mobility.size();
  if (layout.mobility.empty() || layout.groups.size() != layout.mobility.size() || !has_noise) {
    fail(ErrorCode::kInvalidInput,
         text(layout.mobility.size(), " mobilities, ", layout.groups.size(), " groups and ",
              layout.noise.size(), " values of noise"),
         "one of each per landmark", "describe all landmarks");
  }
  for (const std::vector<int>* eye : {&layout.right_eye, &layout.left_eye}) {
    for (const int index : *eye) {
      if (index < 0 || static_cast<std::size_t>(index) >= layout.mobility.size()) {
        fail(ErrorCode::kInvalidInput, text("landmark ", index, " of an eye"),
             text("0 to ", layout.mobility.size() - 1), "name landmarks of the network");
      }
    }
  }
}

}  // namespace

void check(const FaceLayout& layout, const TrackerOptions& options) {
  check_options(options);
  check_layout(layout);
}

}  // namespace kilomark::tracking
