#include "cpu/crop_kernels_x86.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

namespace kilomark::cpu {

namespace {

KILOMARK_AVX2 inline __m128 load(const Pixel* pixel) { return _mm_load_ps(pixel->value); }
KILOMARK_AVX2 inline __m256 load_two(const Pixel* pixel) { return _mm256_loadu_ps(pixel->value); }

// make_taps() of eight output pixels.
struct EightTaps {
  __m256i first;
  __m256 weight[kMaxTaps];
};

// Makes the taps of a row of output pixels, eight at a time.
class TapMaker {
 public:
  KILOMARK_AVX2 TapMaker(const Axis& axis, float span, int v)
      : du_(_mm256_set1_ps(axis.du)),
        along_column_(_mm256_set1_ps(axis.dv * static_cast<float>(v))),
        origin_(_mm256_set1_ps(axis.origin)),
        span_(_mm256_set1_ps(span)) {}

  // Of the pixels from column u on.
  [[nodiscard]] KILOMARK_AVX2 EightTaps make(int u) const {
    const __m256 one = _mm256_set1_ps(1.0F);
    const __m256 two = _mm256_set1_ps(2.0F);
    const __m256i column =
        _mm256_add_epi32(_mm256_set1_epi32(u), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const __m256 along_row = _mm256_mul_ps(du_, _mm256_cvtepi32_ps(column));
    const __m256 x = _mm256_add_ps(_mm256_add_ps(along_row, along_column_), origin_);
    const __m256i first = _mm256_cvttps_epi32(x);
    const __m256 start = _mm256_sub_ps(x, _mm256_cvtepi32_ps(first));
    const __m256 end = _mm256_add_ps(start, span_);
    const __m256 is_short = _mm256_cmp_ps(end, two, _CMP_LT_OQ);
    return {first,
            {_mm256_sub_ps(one, start), _mm256_blendv_ps(one, _mm256_sub_ps(end, one), is_short),
             _mm256_andnot_ps(is_short, _mm256_sub_ps(end, two))}};
  }

 private:
  __m256 du_;
  __m256 along_column_;
  __m256 origin_;
  __m256 span_;
};

KILOMARK_AVX2 void make_row_taps(const Axis& axis, float span, int u, int v, int count,
                                 RowTaps& taps) {
  const TapMaker maker(axis, span, v);
  // The last turn may fill entries beyond `count`, up to kMaxRow, which nobody reads.
  for (int i = 0; i < count; i += 8) {
    const EightTaps eight = maker.make(u + i);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(taps.first + i), eight.first);
    for (int tap = 0; tap < kMaxTaps; ++tap) {
      _mm256_storeu_ps(taps.weight[tap] + i, eight.weight[tap]);
    }
  }
}

KILOMARK_AVX2 void sum_columns(const Pixel* const rows[kMaxTaps], const float weight[kMaxTaps],
                               int count, Pixel* sums) {
  const __m256 w0 = _mm256_set1_ps(weight[0]);
  const __m256 w1 = _mm256_set1_ps(weight[1]);
  const __m256 w2 = _mm256_set1_ps(weight[2]);
  int i = 0;
  for (; i + 2 <= count; i += 2) {
    const __m256 first = _mm256_mul_ps(w0, load_two(rows[0] + i));
    const __m256 second = _mm256_mul_ps(w1, load_two(rows[1] + i));
    const __m256 third = _mm256_mul_ps(w2, load_two(rows[2] + i));
    _mm256_storeu_ps(sums[i].value, _mm256_add_ps(_mm256_add_ps(first, second), third));
  }
  const Pixel* const rest[kMaxTaps] = {rows[0] + i, rows[1] + i, rows[2] + i};
  portable_kernels().sum_columns(rest, weight, count - i, sums + i);
}

// Where squares are one cell wide, they touch two cells, and the third weight is 0: kTaps is 2
// then.
template <int kTaps, int kLength>
KILOMARK_AVX2 inline __m128 weighted_sum(__m128 p0, __m128 p1, __m128 p2,
                                         const float (&weight)[kMaxTaps][kLength], int i) {
  const __m128 first = _mm_mul_ps(_mm_broadcast_ss(&weight[0][i]), p0);
  const __m128 second = _mm_mul_ps(_mm_broadcast_ss(&weight[1][i]), p1);
  const __m128 sum = _mm_add_ps(first, second);
  if constexpr (kTaps == 2) {
    return sum;
  }
  return _mm_add_ps(sum, _mm_mul_ps(_mm_broadcast_ss(&weight[2][i]), p2));
}

// Normalizes the sums of four output pixels and writes them as planes, from pixel i on.
KILOMARK_AVX2 inline void write_planes(__m128 sum0, __m128 sum1, __m128 sum2, __m128 sum3,
                                       const ResamplePlan& plan, const OutputRow& out, int i) {
  _MM_TRANSPOSE4_PS(sum0, sum1, sum2, sum3);  // to three channels and the coverage
  const __m128 channels[3] = {sum0, sum1, sum2};
  for (int c = 0; c < 3; ++c) {
    const __m128 scaled = _mm_mul_ps(channels[c], _mm_set1_ps(plan.scale[c]));
    const __m128 shift = _mm_mul_ps(sum3, _mm_set1_ps(plan.offset[c]));
    _mm_storeu_ps(out.channels[c] + i, _mm_add_ps(scaled, shift));
  }
}

// Normalizes sums and writes the channels of a pixel together.
class PixelWriter {
 public:
  KILOMARK_AVX2 PixelWriter(const ResamplePlan& plan, const OutputRow& out)
      : scale_(_mm_setr_ps(plan.scale[0], plan.scale[1], plan.scale[2], 0.0F)),
        offset_(_mm_setr_ps(plan.offset[0], plan.offset[1], plan.offset[2], 0.0F)),
        order_(plan.plane[0] == 0 ? _mm_setr_epi32(0, 1, 2, 3) : _mm_setr_epi32(2, 1, 0, 3)),
        out_(out.channels[0] - plan.plane[0]) {}

  // Pixel i, and a number over its end, which the next pixel's takes the place of.
  KILOMARK_AVX2 void write(__m128 sum, int i) const {
    const __m128 coverage = _mm_shuffle_ps(sum, sum, _MM_SHUFFLE(3, 3, 3, 3));
    const __m128 pixel = _mm_add_ps(_mm_mul_ps(sum, scale_), _mm_mul_ps(coverage, offset_));
    _mm_storeu_ps(out_ + std::ptrdiff_t{3} * i, _mm_permutevar_ps(pixel, order_));
  }

 private:
  __m128 scale_;
  __m128 offset_;
  __m128i order_;
  float* out_;
};

// The last pixels of a row.
KILOMARK_AVX2 inline void write_one(__m128 sum, const ResamplePlan& plan, const OutputRow& out,
                                    int i) {
  Pixel pixel;
  _mm_store_ps(pixel.value, sum);
  for (int c = 0; c < 3; ++c) {
    out.channels[c][out.step * i] = normalize(plan, pixel, c);
  }
}

// Calls sum_at(i) for each output pixel, and normalizes and writes the sums.
template <class SumAt>
KILOMARK_AVX2 inline void write_row(const ResamplePlan& plan, const OutputRow& out,
                                    const SumAt& sum_at) {
  int i = 0;
  if (out.step == 1) {
    for (; i + 4 <= out.count; i += 4) {
      write_planes(sum_at(i), sum_at(i + 1), sum_at(i + 2), sum_at(i + 3), plan, out, i);
    }
  } else {
    const PixelWriter writer(plan, out);
    for (; i + 1 < out.count; ++i) {
      writer.write(sum_at(i), i);
    }
  }
  for (; i < out.count; ++i) {
    write_one(sum_at(i), plan, out, i);
  }
}

template <int kTaps>
KILOMARK_AVX2 inline __m128 sum_along_row(const Pixel* sums, int first_column, const RowTaps& taps,
                                          int i) {
  const Pixel* left = sums + (taps.first[i] - first_column);
  return weighted_sum<kTaps>(load(left), load(left + 1), load(left + 2), taps.weight, i);
}

template <int kTaps>
KILOMARK_AVX2 void write_upright(const Pixel* sums, int first_column, const RowTaps& taps,
                                 const ResamplePlan& plan, const OutputRow& out) {
  write_row(plan, out,
            [&](int i) KILOMARK_AVX2 { return sum_along_row<kTaps>(sums, first_column, taps, i); });
}

void write_upright_row(const Pixel* sums, int first_column, const RowTaps& taps,
                       const ResamplePlan& plan, const OutputRow& out) {
  plan.span > 1.0F ? write_upright<3>(sums, first_column, taps, plan, out)
                   : write_upright<2>(sums, first_column, taps, plan, out);
}

// Two columns of taps stand in the halves of one vector, the third in a vector of its own.
template <int kTaps>
KILOMARK_AVX2 inline __m128 sum_square(const CellRows& cells, const RowSquares& squares, int i) {
  const Pixel* top = cells.cells + squares.offset[i];
  const Pixel* middle = top + cells.stride;
  const Pixel* bottom = middle + cells.stride;
  const __m256 w0 = _mm256_broadcast_ss(&squares.down[0][i]);
  const __m256 w1 = _mm256_broadcast_ss(&squares.down[1][i]);
  __m256 two = _mm256_add_ps(_mm256_mul_ps(w0, load_two(top)), _mm256_mul_ps(w1, load_two(middle)));
  __m128 third = _mm_setzero_ps();
  if constexpr (kTaps == 3) {
    const __m256 w2 = _mm256_broadcast_ss(&squares.down[2][i]);
    two = _mm256_add_ps(two, _mm256_mul_ps(w2, load_two(bottom)));
    third = _mm_add_ps(_mm_add_ps(_mm_mul_ps(_mm256_castps256_ps128(w0), load(top + 2)),
                                  _mm_mul_ps(_mm256_castps256_ps128(w1), load(middle + 2))),
                       _mm_mul_ps(_mm256_castps256_ps128(w2), load(bottom + 2)));
  }
  return weighted_sum<kTaps>(_mm256_castps256_ps128(two), _mm256_extractf128_ps(two, 1), third,
                             squares.across, i);
}

template <int kTaps>
KILOMARK_AVX2 void write_turned(const CellRows& cells, const ResamplePlan& plan, int u, int v,
                                const OutputRow& out) {
  RowSquares squares;
  make_row_squares(cells, plan, u, v, out.count, squares);
  write_row(plan, out, [&](int i) KILOMARK_AVX2 { return sum_square<kTaps>(cells, squares, i); });
}

void write_turned_row(const CellRows& cells, const ResamplePlan& plan, int u, int v,
                      const OutputRow& out) {
  plan.span > 1.0F ? write_turned<3>(cells, plan, u, v, out)
                   : write_turned<2>(cells, plan, u, v, out);
}

}  // namespace

KILOMARK_AVX2 void make_row_squares(const CellRows& cells, const ResamplePlan& plan, int u, int v,
                                    int count, RowSquares& squares) {
  const TapMaker across(plan.x, plan.span, v);
  const TapMaker down(plan.y, plan.span, v);
  const __m256i first_row = _mm256_set1_epi32(cells.first_row);
  const __m256i first_column = _mm256_set1_epi32(cells.first_column);
  const __m256i stride = _mm256_set1_epi32(cells.stride);
  // The last turn may fill entries beyond `count`, up to kMaxRow, which nobody reads.
  for (int i = 0; i < count; i += 8) {
    const EightTaps horizontal = across.make(u + i);
    const EightTaps vertical = down.make(u + i);
    const __m256i row = _mm256_sub_epi32(vertical.first, first_row);
    const __m256i column = _mm256_sub_epi32(horizontal.first, first_column);
    const __m256i offset = _mm256_add_epi32(_mm256_mullo_epi32(row, stride), column);
    _mm256_store_si256(reinterpret_cast<__m256i*>(squares.offset + i), offset);
    for (int tap = 0; tap < kMaxTaps; ++tap) {
      _mm256_store_ps(squares.across[tap] + i, horizontal.weight[tap]);
      _mm256_store_ps(squares.down[tap] + i, vertical.weight[tap]);
    }
  }
}

const CropKernels& avx2_kernels() {
  static constexpr CropKernels kKernels{read_cells_avx2, make_row_taps, sum_columns,
                                        write_upright_row, write_turned_row};
  return kKernels;
}

}  // namespace kilomark::cpu

#endif  // __x86_64__
