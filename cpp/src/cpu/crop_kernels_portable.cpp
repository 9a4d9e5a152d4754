#include "cpu/crop_kernels.hpp"

namespace kilomark::cpu {

namespace {

void read_cells(const CellBytes& image, int count, Pixel* cells) {
  const std::ptrdiff_t cell_bytes = std::ptrdiff_t{image.block} * image.channels;
  for (int i = 0; i < count; ++i) {
    cells[i] = read_cell(image.bytes + i * cell_bytes, image.row_stride_bytes, image.block,
                         image.rows, image.channels, image.block, 0, 0);
  }
}

void make_row_taps(const Axis& axis, float span, int u, int v, int count, RowTaps& taps) {
  for (int i = 0; i < count; ++i) {
    const Taps one = make_taps(square_begin(axis, u + i, v), span);
    taps.first[i] = one.first;
    for (int tap = 0; tap < kMaxTaps; ++tap) {
      taps.weight[tap][i] = one.weight[tap];
    }
  }
}

void sum_columns(const Pixel* const rows[kMaxTaps], const float weight[kMaxTaps], int count,
                 Pixel* sums) {
  for (int i = 0; i < count; ++i) {
    sums[i] = weighted_sum(rows[0][i], rows[1][i], rows[2][i], weight);
  }
}

void write_pixel(const Pixel& sum, const ResamplePlan& plan, const OutputRow& out, int i) {
  for (int c = 0; c < 3; ++c) {
    out.channels[c][out.step * i] = normalize(plan, sum, c);
  }
}

void write_upright_row(const Pixel* sums, int first_column, const RowTaps& taps,
                       const ResamplePlan& plan, const OutputRow& out) {
  for (int i = 0; i < out.count; ++i) {
    const Pixel* left = sums + (taps.first[i] - first_column);
    const float weight[kMaxTaps] = {taps.weight[0][i], taps.weight[1][i], taps.weight[2][i]};
    write_pixel(weighted_sum(left[0], left[1], left[2], weight), plan, out, i);
  }
}

void write_turned_row(const CellRows& cells, const ResamplePlan& plan, int u, int v,
                      const OutputRow& out) {
  const auto cell = [&](int column, int row) -> const Pixel& {
    return cells.cells[(row - cells.first_row) * cells.stride + (column - cells.first_column)];
  };
  for (int i = 0; i < out.count; ++i) {
    write_pixel(sample(plan, u + i, v, cell), plan, out, i);
  }
}

}  // namespace

const CropKernels& portable_kernels() {
  static constexpr CropKernels kKernels{read_cells, make_row_taps, sum_columns, write_upright_row,
                                        write_turned_row};
  return kKernels;
}

}  // namespace kilomark::cpu
