#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/openvino_handles.hpp"

namespace kilomark::cpu {

// The lengths that a dimension may have. `max` is -1 if there is no bound.
struct LengthRange {
  std::int64_t min = 0;
  std::int64_t max = -1;

  [[nodiscard]] bool is_static() const { return min == max; }
  [[nodiscard]] bool overlaps(const LengthRange& other) const;
};

// The shape of a value in a network, with dimensions that may be open.
struct OpenShape {
  bool has_rank = true;
  std::vector<LengthRange> dimensions;

  [[nodiscard]] bool is_compatible(const OpenShape& other) const;
};

std::ostream& operator<<(std::ostream& stream, const OpenShape& shape);  // [1..16,3,224,224]

// An input or output of a network.
struct Port {
  openvino::ElementType type;
  OpenShape shape;
};

enum class Direction { kInput, kOutput };

// A network as OpenVINO reads it. Every method throws OpenvinoFailure.
class OpenvinoModel {
 public:
  explicit OpenvinoModel(std::string_view bytes);

  [[nodiscard]] std::size_t count(Direction direction) const;
  [[nodiscard]] Port port(Direction direction, std::size_t index) const;
  // One of its names, or "" if it has none.
  [[nodiscard]] std::string name(Direction direction, std::size_t index) const;
  [[nodiscard]] Port find(Direction direction, const std::string& name) const;

  // Gives the one input another shape, and all other values those that follow from it.
  void reshape(const OpenShape& shape);

  // Makes an input (N, C, H, W) one of (N, H, W, C), which OpenVINO's convolutions read as it is. It
  // would reorder the other at each run, which takes a tenth of the time of a small network.
  void put_channels_last();

  [[nodiscard]] const openvino::Model* get() const { return model_.get(); }

 private:
  openvino::ModelHandle model_;
};

}  // namespace kilomark::cpu
