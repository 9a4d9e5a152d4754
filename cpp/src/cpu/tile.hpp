#pragma once

namespace kilomark::cpu {

// Output pixels [u0, u1) x [v0, v1).
struct Tile {
  int u0, v0, u1, v1;
  [[nodiscard]] int width() const { return u1 - u0; }
};

}  // namespace kilomark::cpu
