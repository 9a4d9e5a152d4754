#include "cpu/preprocess.hpp"

#include <algorithm>
#include <utility>

#include "cpu/cell_reader.hpp"
#include "cpu/column_bounds.hpp"
#include "cpu/tile.hpp"
#include "resample_plan.hpp"

namespace kilomark::cpu {

namespace {

// Cells counted from the plan's first.
struct CellWindow {
  int first_column, first_row, num_columns, num_rows;
};

constexpr int kCellsAtOnce = 4;  // what the kernels read fastest

// The cells that the pixels of a tile touch. Squares begin ever later, or ever earlier, along rows
// and columns, also as rounded, so that the tile's corners bound them.
CellWindow find_window(const ResamplePlan& plan, const Tile& tile) {
  const auto range = [&](const Axis& axis) {
    const auto [low, high] = std::minmax(
        {square_begin(axis, tile.u0, tile.v0), square_begin(axis, tile.u1 - 1, tile.v0),
         square_begin(axis, tile.u0, tile.v1 - 1), square_begin(axis, tile.u1 - 1, tile.v1 - 1)});
    return std::pair(static_cast<int>(low), static_cast<int>(high) + kMaxTaps);
  };
  const auto [left, right] = range(plan.x);
  const auto [top, bottom] = range(plan.y);
  return {left, top, right - left, bottom - top};
}

// What one crop is made with.
struct Cropping {
  const ResamplePlan& plan;
  const CropKernels& kernels;
  CellReader reader;
  CropWorkspace& workspace;
  float* output;
  TensorLayout layout;

  // Cells of a row of the window.
  void read_row(const CellWindow& window, int row, Pixel* cells) const {
    reader.read_row(plan.first_row + row, plan.first_column + window.first_column,
                    window.num_columns, cells);
  }

  // The same for a part of a row, into the window's cells. A few cells more are read than asked
  // for, whole vectors full, over the end of the row: the next row is read later.
  void read_turned_row(const CellWindow& window, const ColumnRange& range, int row,
                       Pixel* cells) const {
    const int first = std::max(range.first, window.first_column);
    const int end = std::min(range.end, window.first_column + window.num_columns);
    if (first < end) {
      const int count = (end - first + kCellsAtOnce - 1) / kCellsAtOnce * kCellsAtOnce;
      cells += (row - window.first_row) * window.num_columns + (first - window.first_column);
      reader.read_row(plan.first_row + row, plan.first_column + first, count, cells);
    }
  }

  void make_row_taps(const Axis& axis, const Tile& tile, int v, RowTaps& taps) const {
    kernels.make_row_taps(axis, plan.span, tile.u0, v, tile.width(), taps);
  }

  [[nodiscard]] OutputRow output_row(const Tile& tile, int v) const {
    const bool is_last = layout == TensorLayout::kChannelsLast;
    const std::ptrdiff_t pixel = std::ptrdiff_t{v} * plan.width + tile.u0;
    const std::ptrdiff_t plane = is_last ? 1 : std::ptrdiff_t{plan.width} * plan.height;
    const int step = is_last ? 3 : 1;
    float* const start = output + step * pixel;
    return {{start + plan.plane[0] * plane, start + plan.plane[1] * plane,
             start + plan.plane[2] * plane},
            step,
            tile.width()};
  }
};

// In an upright crop the pixels of a row share their vertical taps, and those of a column their
// horizontal ones. So it is made row by row, from the sums down the columns of three rows of cells;
// each row of cells is read once.
void crop_upright(const Cropping& crop, const Tile& tile) {
  constexpr int kRing = kMaxTaps + 1;  // rows of cells; one more than needed, for a cheap remainder
  const ResamplePlan& plan = crop.plan;
  RowTaps& horizontal = crop.workspace.horizontal;
  const CellWindow window = find_window(plan, tile);
  Pixel* const cells = crop.workspace.make_cells((kRing + 1) * window.num_columns);
  Pixel* const sums = cells + kRing * window.num_columns;
  crop.make_row_taps(plan.x, tile, tile.v0, horizontal);
  int next_row = window.first_row;
  for (int v = tile.v0; v < tile.v1; ++v) {
    const Taps vertical = make_taps(square_begin(plan.y, tile.u0, v), plan.span);
    const Pixel* rows[kMaxTaps];
    for (int tap = 0; tap < kMaxTaps; ++tap) {
      rows[tap] = cells + (vertical.first + tap) % kRing * window.num_columns;
    }
    for (; next_row < vertical.first + kMaxTaps; ++next_row) {
      crop.read_row(window, next_row, cells + next_row % kRing * window.num_columns);
    }
    crop.kernels.sum_columns(rows, vertical.weight, window.num_columns, sums);
    crop.kernels.write_upright_row(sums, window.first_column, horizontal, plan,
                                   crop.output_row(tile, v));
  }
}

// In a turned crop every pixel has taps of its own. Cells are read row by row as the output needs
// them, so that those in use are in the cache.
void crop_turned(const Cropping& crop, const Tile& tile) {
  const ResamplePlan& plan = crop.plan;
  const CellWindow window = find_window(plan, tile);
  const ColumnBounds bounds(plan, tile);
  Pixel* const cells =
      crop.workspace.make_cells(window.num_columns * window.num_rows + kCellsAtOnce);
  const CellRows cell_rows{cells, window.num_columns, window.first_column, window.first_row};
  int next_row = window.first_row;
  for (int v = tile.v0; v < tile.v1; ++v) {
    const float lowest =
        std::max(square_begin(plan.y, tile.u0, v), square_begin(plan.y, tile.u1 - 1, v));
    for (; next_row < static_cast<int>(lowest) + kMaxTaps; ++next_row) {
      crop.read_turned_row(window, bounds.of_row(next_row), next_row, cells);
    }
    crop.kernels.write_turned_row(cell_rows, plan, tile.u0, v, crop.output_row(tile, v));
  }
}

}  // namespace

Pixel* CropWorkspace::make_cells(int count) {
  if (count > capacity_) {
    cells_ = std::make_unique_for_overwrite<Pixel[]>(static_cast<std::size_t>(count));
    capacity_ = count;
  }
  return cells_.get();
}

void crop_image(const ImageView& image, const Crop& crop, const NetworkInput& input,
                CropWorkspace& workspace, std::span<float> output, const CropKernels& kernels,
                TensorLayout layout) {
  const ResamplePlan plan = make_resample_plan(crop, image.format, input);
  const Cropping cropping{plan,      kernels,       CellReader(image, plan.block, kernels),
                          workspace, output.data(), layout};
  // Tiles keep the cells that are worked on in the cache. A turned crop reads least around squares.
  const bool is_upright = plan.x.dv == 0.0F && plan.y.du == 0.0F;
  constexpr int kTurnedSide = 64;
  const int tile_width = is_upright ? kMaxRow : kTurnedSide;
  const int tile_height = is_upright ? plan.height : kTurnedSide;
  for (int v = 0; v < plan.height; v += tile_height) {
    for (int u = 0; u < plan.width; u += tile_width) {
      const Tile tile{u, v, std::min(u + tile_width, plan.width),
                      std::min(v + tile_height, plan.height)};
      is_upright ? crop_upright(cropping, tile) : crop_turned(cropping, tile);
    }
  }
}

}  // namespace kilomark::cpu
