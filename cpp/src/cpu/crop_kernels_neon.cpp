#include "cpu/crop_kernels_neon.hpp"

#if defined(__aarch64__)

#include <arm_neon.h>

#include <utility>

#include "cpu/row_squares.hpp"

namespace kilomark::cpu {

namespace {

// No fused multiply-add anywhere in this file: it would change the last bit; see resample.hpp.

inline float32x4_t load(const Pixel* pixel) { return vld1q_f32(pixel->value); }

// make_taps() of four output pixels.
struct FourTaps {
  int32x4_t first;
  float32x4_t weight[kMaxTaps];
};

// Makes the taps of a row of output pixels, four at a time.
class TapMaker {
 public:
  TapMaker(const Axis& axis, float span, int v)
      : du_(vdupq_n_f32(axis.du)),
        along_column_(vdupq_n_f32(axis.dv * static_cast<float>(v))),
        origin_(vdupq_n_f32(axis.origin)),
        span_(vdupq_n_f32(span)) {}

  // Of the pixels from column u on.
  [[nodiscard]] FourTaps make(int u) const {
    const float32x4_t one = vdupq_n_f32(1.0F);
    const float32x4_t two = vdupq_n_f32(2.0F);
    const int32x4_t column = vaddq_s32(vdupq_n_s32(u), int32x4_t{0, 1, 2, 3});
    const float32x4_t along_row = vmulq_f32(du_, vcvtq_f32_s32(column));
    const float32x4_t x = vaddq_f32(vaddq_f32(along_row, along_column_), origin_);
    const int32x4_t first = vcvtq_s32_f32(x);
    const float32x4_t start = vsubq_f32(x, vcvtq_f32_s32(first));
    const float32x4_t end = vaddq_f32(start, span_);
    const uint32x4_t is_short = vcltq_f32(end, two);
    return {first,
            {vsubq_f32(one, start), vbslq_f32(is_short, vsubq_f32(end, one), one),
             vbslq_f32(is_short, vdupq_n_f32(0.0F), vsubq_f32(end, two))}};
  }

 private:
  float32x4_t du_;
  float32x4_t along_column_;
  float32x4_t origin_;
  float32x4_t span_;
};

void make_row_taps(const Axis& axis, float span, int u, int v, int count, RowTaps& taps) {
  const TapMaker maker(axis, span, v);
  // The last turn may fill entries beyond `count`, up to kMaxRow, which nobody reads.
  for (int i = 0; i < count; i += 4) {
    const FourTaps four = maker.make(u + i);
    vst1q_s32(taps.first + i, four.first);
    for (int tap = 0; tap < kMaxTaps; ++tap) {
      vst1q_f32(taps.weight[tap] + i, four.weight[tap]);
    }
  }
}

// make_taps() for `count` output pixels from (u, v) on, in both directions.
void make_row_squares(const CellRows& cells, const ResamplePlan& plan, int u, int v, int count,
                      RowSquares& squares) {
  const TapMaker across(plan.x, plan.span, v);
  const TapMaker down(plan.y, plan.span, v);
  const int32x4_t first_row = vdupq_n_s32(cells.first_row);
  const int32x4_t first_column = vdupq_n_s32(cells.first_column);
  const int32x4_t stride = vdupq_n_s32(cells.stride);
  for (int i = 0; i < count; i += 4) {
    const FourTaps horizontal = across.make(u + i);
    const FourTaps vertical = down.make(u + i);
    const int32x4_t row = vsubq_s32(vertical.first, first_row);
    const int32x4_t column = vsubq_s32(horizontal.first, first_column);
    vst1q_s32(squares.offset + i, vaddq_s32(vmulq_s32(row, stride), column));
    for (int tap = 0; tap < kMaxTaps; ++tap) {
      vst1q_f32(squares.across[tap] + i, horizontal.weight[tap]);
      vst1q_f32(squares.down[tap] + i, vertical.weight[tap]);
    }
  }
}

// Where squares are one cell wide, they touch two cells, and the third weight is 0: kTaps is 2
// then.
template <int kTaps>
inline float32x4_t weighted_sum(float32x4_t p0, float32x4_t p1, float32x4_t p2, float w0, float w1,
                                float w2) {
  const float32x4_t sum = vaddq_f32(vmulq_n_f32(p0, w0), vmulq_n_f32(p1, w1));
  if constexpr (kTaps == 2) {
    return sum;
  }
  return vaddq_f32(sum, vmulq_n_f32(p2, w2));
}

void sum_columns(const Pixel* const rows[kMaxTaps], const float weight[kMaxTaps], int count,
                 Pixel* sums) {
  for (int i = 0; i < count; ++i) {
    vst1q_f32(sums[i].value, weighted_sum<3>(load(rows[0] + i), load(rows[1] + i),
                                             load(rows[2] + i), weight[0], weight[1], weight[2]));
  }
}

// Normalizes the sums of four output pixels and writes them, from pixel i on.
inline void write_four(const float32x4_t (&sums)[4], const ResamplePlan& plan, const OutputRow& out,
                       int i) {
  const auto pairs = [](float32x4_t pair) { return vreinterpretq_f64_f32(pair); };
  const float64x2_t low01 = pairs(vtrn1q_f32(sums[0], sums[1]));   // channels 0 and 2
  const float64x2_t high01 = pairs(vtrn2q_f32(sums[0], sums[1]));  // channel 1 and the coverage
  const float64x2_t low23 = pairs(vtrn1q_f32(sums[2], sums[3]));
  const float64x2_t high23 = pairs(vtrn2q_f32(sums[2], sums[3]));
  const float32x4_t channels[3] = {vreinterpretq_f32_f64(vtrn1q_f64(low01, low23)),
                                   vreinterpretq_f32_f64(vtrn1q_f64(high01, high23)),
                                   vreinterpretq_f32_f64(vtrn2q_f64(low01, low23))};
  const float32x4_t coverage = vreinterpretq_f32_f64(vtrn2q_f64(high01, high23));
  float32x4x3_t pixels;
  for (int c = 0; c < 3; ++c) {
    const float32x4_t scaled = vmulq_n_f32(channels[c], plan.scale[c]);
    pixels.val[c] = vaddq_f32(scaled, vmulq_n_f32(coverage, plan.offset[c]));
  }
  if (out.step == 1) {
    for (int c = 0; c < 3; ++c) {
      vst1q_f32(out.channels[c] + i, pixels.val[c]);
    }
    return;
  }
  if (plan.plane[0] != 0) {
    std::swap(pixels.val[0], pixels.val[2]);
  }
  vst3q_f32(out.channels[0] - plan.plane[0] + std::ptrdiff_t{3} * i, pixels);
}

// Calls sum_at(i) for each output pixel, and normalizes and writes the sums.
template <class SumAt>
inline void write_row(const ResamplePlan& plan, const OutputRow& out, const SumAt& sum_at) {
  int i = 0;
  for (; i + 4 <= out.count; i += 4) {
    write_four({sum_at(i), sum_at(i + 1), sum_at(i + 2), sum_at(i + 3)}, plan, out, i);
  }
  for (; i < out.count; ++i) {
    Pixel pixel;
    vst1q_f32(pixel.value, sum_at(i));
    for (int c = 0; c < 3; ++c) {
      out.channels[c][out.step * i] = normalize(plan, pixel, c);
    }
  }
}

template <int kTaps>
void write_upright(const Pixel* sums, int first_column, const RowTaps& taps,
                   const ResamplePlan& plan, const OutputRow& out) {
  write_row(plan, out, [&](int i) {
    const Pixel* left = sums + (taps.first[i] - first_column);
    return weighted_sum<kTaps>(load(left), load(left + 1), load(left + 2), taps.weight[0][i],
                               taps.weight[1][i], taps.weight[2][i]);
  });
}

void write_upright_row(const Pixel* sums, int first_column, const RowTaps& taps,
                       const ResamplePlan& plan, const OutputRow& out) {
  plan.span > 1.0F ? write_upright<3>(sums, first_column, taps, plan, out)
                   : write_upright<2>(sums, first_column, taps, plan, out);
}

// Down the columns of a square, then along the row of columns.
template <int kTaps>
inline float32x4_t sum_square(const CellRows& cells, const RowSquares& squares, int i) {
  const Pixel* top = cells.cells + squares.offset[i];
  const auto column = [&](int c) {
    const Pixel* cell = top + c;
    return weighted_sum<kTaps>(load(cell), load(cell + cells.stride), load(cell + 2 * cells.stride),
                               squares.down[0][i], squares.down[1][i], squares.down[2][i]);
  };
  const float32x4_t third = kTaps == 3 ? column(2) : vdupq_n_f32(0.0F);
  return weighted_sum<kTaps>(column(0), column(1), third, squares.across[0][i],
                             squares.across[1][i], squares.across[2][i]);
}

template <int kTaps>
void write_turned(const CellRows& cells, const ResamplePlan& plan, int u, int v,
                  const OutputRow& out) {
  RowSquares squares;
  make_row_squares(cells, plan, u, v, out.count, squares);
  write_row(plan, out, [&](int i) { return sum_square<kTaps>(cells, squares, i); });
}

void write_turned_row(const CellRows& cells, const ResamplePlan& plan, int u, int v,
                      const OutputRow& out) {
  plan.span > 1.0F ? write_turned<3>(cells, plan, u, v, out)
                   : write_turned<2>(cells, plan, u, v, out);
}

}  // namespace

const CropKernels& neon_kernels() {
  static constexpr CropKernels kKernels{read_cells_neon, make_row_taps, sum_columns,
                                        write_upright_row, write_turned_row};
  return kKernels;
}

}  // namespace kilomark::cpu

#endif  // __aarch64__
