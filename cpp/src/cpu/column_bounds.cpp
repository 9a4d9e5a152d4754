#include "cpu/column_bounds.hpp"

#include <algorithm>
#include <limits>

namespace kilomark::cpu {

namespace {

// More than the rounding of float coordinates, of which there are a few thousand.
constexpr double kMargin = 1.0 / 64.0;

}  // namespace

ColumnBounds::ColumnBounds(const ResamplePlan& plan, const Tile& tile) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  // The edge through the beginning of (u, v) in the direction (dx, dy), which bounds from the left
  // or from the right. A square that begins in row y reaches rows y to y + 2.
  const auto make_edge = [&](int u, int v, double dx, double dy, bool is_left) -> Edge {
    if (dy == 0.0) {
      return {is_left ? -kInfinity : kInfinity, 0.0};
    }
    const double slope = dx / dy;
    const double x = square_begin(plan.x, u, v);
    const double y = square_begin(plan.y, u, v);
    const double above = (1.0 - kMaxTaps - kMargin - y) * slope;
    const double below = (1.0 + kMargin - y) * slope;
    return is_left ? Edge{x + std::min(above, below) - kMargin, slope}
                   : Edge{x + std::max(above, below) + kMargin, slope};
  };
  const int last_u = tile.u1 - 1;
  const int last_v = tile.v1 - 1;
  const bool rightwards = plan.x.du > 0.0F;  // along a row of the tile
  // Where rows of the tile run down the image, the next row begins further left; in a mirrored crop
  // it begins further right.
  const bool is_mirrored = plan.x.du * plan.y.dv < plan.x.dv * plan.y.du;
  const bool leftwards = (plan.y.du > 0.0F) != is_mirrored;
  const auto side = [&](bool is_left, Edge(&edges)[2]) {
    edges[0] =
        make_edge(rightwards == is_left ? tile.u0 : last_u, tile.v0, plan.x.dv, plan.y.dv, is_left);
    edges[1] =
        make_edge(tile.u0, leftwards == is_left ? last_v : tile.v0, plan.x.du, plan.y.du, is_left);
  };
  side(true, left_);
  side(false, right_);
}

ColumnRange ColumnBounds::of_row(int row) const {
  constexpr double kLimit = 1 << 30;  // what int can hold; no square begins below 0
  const auto at = [&](const Edge& edge) { return edge.at_zero + edge.per_row * row; };
  const double left = std::clamp(std::max(at(left_[0]), at(left_[1])), 0.0, kLimit);
  const double right = std::clamp(std::min(at(right_[0]), at(right_[1])), -1.0 * kMaxTaps, kLimit);
  return {static_cast<int>(left), static_cast<int>(right) + kMaxTaps};
}

}  // namespace kilomark::cpu
