#pragma once

#include "cpu/tile.hpp"
#include "kilomark/resample.hpp"

namespace kilomark::cpu {

// Cells [first, end) of a row.
struct ColumnRange {
  int first;
  int end;
};

// Which cells of a row the squares of a turned tile touch, at most. The tile's squares begin within
// a parallelogram; where it is cut by the rows from which a square reaches the given one, its edges
// bound the columns. Without this a tile would read the whole rectangle around it.
class ColumnBounds {
 public:
  ColumnBounds(const ResamplePlan& plan, const Tile& tile);

  // Rows and columns are counted from the plan's first. The range may be empty.
  [[nodiscard]] ColumnRange of_row(int row) const;

 private:
  // An edge's column at a row of cells: the least, or the greatest, that a square there begins at.
  struct Edge {
    double at_zero;
    double per_row;
  };

  Edge left_[2];   // the greater one counts
  Edge right_[2];  // the lesser one counts
};

}  // namespace kilomark::cpu
