#include "cpu/crop_kernels.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>

// Each function asks for AVX2 by itself: with a compiler flag for the file, inline functions of
// headers would be compiled for AVX2 too, and the linker might take those for machines without. FMA
// stays out; see resample.hpp.
#define KILOMARK_AVX2 __attribute__((target("avx2")))

namespace kilomark::cpu {

namespace {

constexpr int kPixelsPerLoad = 4;
constexpr std::ptrdiff_t kLoadBytes = 16;

// Sums of up to 16 x 16 bytes in pairs fit into signed 16 bits.
constexpr int kMaxSummedBlock = 16;

// Byte shuffles of a load of four pixels. A negative index makes a zero.
using Shuffle = std::array<signed char, 16>;

// Pixel by pixel, three channels and a zero.
constexpr Shuffle make_pixel_shuffle(int channels) {
  Shuffle shuffle{};
  for (int p = 0; p < kPixelsPerLoad; ++p) {
    for (int c = 0; c < 4; ++c) {
      const int from = p * channels + (channels == 1 ? 0 : c);
      shuffle[static_cast<std::size_t>(4 * p + c)] = static_cast<signed char>(c == 3 ? -1 : from);
    }
  }
  return shuffle;
}

// Channel by channel, the first `pixels` of the four, and zeros.
constexpr Shuffle make_channel_shuffle(int channels, int pixels) {
  Shuffle shuffle{};
  for (int c = 0; c < 4; ++c) {
    for (int p = 0; p < kPixelsPerLoad; ++p) {
      const int from = p * channels + (channels == 1 ? 0 : c);
      const bool used = c < 3 && p < pixels;
      shuffle[static_cast<std::size_t>(4 * c + p)] = static_cast<signed char>(used ? from : -1);
    }
  }
  return shuffle;
}

// Two cells of two pixels: channel by channel, both pixels, and zeros.
constexpr Shuffle make_pair_shuffle(int channels) {
  Shuffle shuffle{};
  for (int i = 0; i < 16; ++i) {
    const int cell = i / 8;
    const int c = i % 8 / 2;
    const int from = (2 * cell + i % 2) * channels + (channels == 1 ? 0 : c);
    shuffle[static_cast<std::size_t>(i)] = static_cast<signed char>(c == 3 ? -1 : from);
  }
  return shuffle;
}

// By the number of channels; 0 and 2 are not used.
constexpr std::array kPairShuffles{make_pair_shuffle(1), make_pair_shuffle(1), make_pair_shuffle(1),
                                   make_pair_shuffle(3), make_pair_shuffle(4)};
constexpr std::array kPixelShuffles{make_pixel_shuffle(1), make_pixel_shuffle(1),
                                    make_pixel_shuffle(1), make_pixel_shuffle(3),
                                    make_pixel_shuffle(4)};

constexpr std::array<std::array<Shuffle, 5>, 5> make_channel_shuffles() {
  std::array<std::array<Shuffle, 5>, 5> shuffles{};
  for (const int channels : {1, 3, 4}) {
    for (int pixels = 0; pixels <= kPixelsPerLoad; ++pixels) {
      shuffles[static_cast<std::size_t>(channels)][static_cast<std::size_t>(pixels)] =
          make_channel_shuffle(channels, pixels);
    }
  }
  return shuffles;
}

constexpr auto kChannelShuffles = make_channel_shuffles();  // [channels][pixels]

KILOMARK_AVX2 inline __m128i load_bytes(const void* bytes) {
  return _mm_loadu_si128(static_cast<const __m128i*>(bytes));
}

// Bytes of two cells, one in each half.
KILOMARK_AVX2 inline __m256i load_two(const std::uint8_t* left, const std::uint8_t* right) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_bytes(left)), load_bytes(right), 1);
}

KILOMARK_AVX2 inline __m128 load(const Pixel* pixel) { return _mm_load_ps(pixel->value); }
KILOMARK_AVX2 inline __m256 load_two(const Pixel* pixel) { return _mm256_loadu_ps(pixel->value); }

// Cells of one pixel: bytes to floats, four at a time.
KILOMARK_AVX2 int read_pixels(const CellBytes& image, int count, Pixel* cells) {
  const __m128i shuffle = load_bytes(&kPixelShuffles[static_cast<std::size_t>(image.channels)]);
  const __m128i inside = _mm_set1_epi32(1 << 24);  // coverage 1
  int i = 0;
  for (; i + kPixelsPerLoad <= count; i += kPixelsPerLoad) {
    const std::ptrdiff_t offset = std::ptrdiff_t{i} * image.channels;
    if (offset + kLoadBytes > image.readable_bytes) {
      break;
    }
    const __m128i four = _mm_shuffle_epi8(load_bytes(image.bytes + offset), shuffle);
    const __m128i bytes = _mm_or_si128(four, inside);
    const __m256 low = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
    const __m256 high = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)));
    _mm256_storeu_ps(cells[i].value, low);
    _mm256_storeu_ps(cells[i + 2].value, high);
  }
  return i;
}

// Cells of 2 x 2 pixels, four at a time: 16 bytes of a row hold two cells of one, three or four
// channels.
KILOMARK_AVX2 int read_blocks_of_two(const CellBytes& image, int count, Pixel* cells) {
  const __m256i shuffle = _mm256_broadcastsi128_si256(
      load_bytes(&kPairShuffles[static_cast<std::size_t>(image.channels)]));
  const __m256i ones = _mm256_set1_epi8(1);
  const __m256 coverage = _mm256_set1_ps(4.0F);
  const std::ptrdiff_t half_bytes = std::ptrdiff_t{4} * image.channels;  // of two cells
  const std::uint8_t* row = image.bytes;
  const std::uint8_t* const end = row + image.readable_bytes - half_bytes - kLoadBytes;
  int i = 0;
  for (; i + 4 <= count && row <= end; i += 4, row += 2 * half_bytes) {
    const std::uint8_t* next = row + image.row_stride_bytes;
    const __m256i upper = _mm256_shuffle_epi8(load_two(row, row + half_bytes), shuffle);
    const __m256i lower = _mm256_shuffle_epi8(load_two(next, next + half_bytes), shuffle);
    const __m256i sum =
        _mm256_add_epi16(_mm256_maddubs_epi16(upper, ones), _mm256_maddubs_epi16(lower, ones));
    const __m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(sum));
    const __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(sum, 1));
    _mm256_storeu_ps(cells[i].value, _mm256_blend_ps(_mm256_cvtepi32_ps(low), coverage, 0x88));
    _mm256_storeu_ps(cells[i + 2].value, _mm256_blend_ps(_mm256_cvtepi32_ps(high), coverage, 0x88));
  }
  return i;
}

// Cells of 2..16 pixels each way, two at a time. A load takes four pixels of a cell's row, the last
// maybe fewer. With the size known to the compiler (kBlock > 0), the loops unroll.
template <int kBlock>
KILOMARK_AVX2 int read_blocks(const CellBytes& image, int count, Pixel* cells) {
  const int block = kBlock > 0 ? kBlock : image.block;
  const int rows = kBlock > 0 ? kBlock : image.rows;
  const int whole_loads = (block - 1) / kPixelsPerLoad;
  const auto last_pixels = static_cast<std::size_t>(block - whole_loads * kPixelsPerLoad);
  const auto& shuffles = kChannelShuffles[static_cast<std::size_t>(image.channels)];
  const __m256i whole = _mm256_broadcastsi128_si256(load_bytes(&shuffles[kPixelsPerLoad]));
  const __m256i cut = _mm256_broadcastsi128_si256(load_bytes(&shuffles[last_pixels]));
  const __m256i ones8 = _mm256_set1_epi8(1);
  const __m256i ones16 = _mm256_set1_epi16(1);
  const __m256 coverage = _mm256_set1_ps(static_cast<float>(rows * block));
  const std::ptrdiff_t cell_bytes = std::ptrdiff_t{block} * image.channels;
  const std::ptrdiff_t load_step = std::ptrdiff_t{kPixelsPerLoad} * image.channels;
  const std::uint8_t* first = image.bytes;
  const std::uint8_t* const end =
      first + image.readable_bytes - cell_bytes - whole_loads * load_step - kLoadBytes;
  int i = 0;
  for (; i + 2 <= count && first <= end; i += 2, first += 2 * cell_bytes) {
    const std::uint8_t* row = first;
    __m256i sum = _mm256_setzero_si256();
    for (int y = 0; y < rows; ++y, row += image.row_stride_bytes) {
      const std::uint8_t* bytes = row;
      for (int k = 0; k < whole_loads; ++k, bytes += load_step) {
        const __m256i four = _mm256_shuffle_epi8(load_two(bytes, bytes + cell_bytes), whole);
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(four, ones8));
      }
      const __m256i rest = _mm256_shuffle_epi8(load_two(bytes, bytes + cell_bytes), cut);
      sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(rest, ones8));
    }
    const __m256 sums = _mm256_cvtepi32_ps(_mm256_madd_epi16(sum, ones16));
    _mm256_storeu_ps(cells[i].value, _mm256_blend_ps(sums, coverage, 0x88));
  }
  return i;
}

// As many cells as vectors can read without leaving the row.
int read_with_vectors(const CellBytes& image, int count, Pixel* cells) {
  if (image.block == 1) {
    return read_pixels(image, count, cells);
  }
  switch (image.rows == image.block ? image.block : 0) {
    case 2:
      return read_blocks_of_two(image, count, cells);
    case 3:
      return read_blocks<3>(image, count, cells);
    case 4:
      return read_blocks<4>(image, count, cells);
    default:
      return image.block <= kMaxSummedBlock ? read_blocks<0>(image, count, cells) : 0;
  }
}

void read_cells(const CellBytes& image, int count, Pixel* cells) {
  const int done = read_with_vectors(image, count, cells);
  const std::ptrdiff_t offset = std::ptrdiff_t{done} * image.block * image.channels;
  CellBytes rest = image;
  rest.bytes += offset;
  rest.readable_bytes -= offset;
  portable_kernels().read_cells(rest, count - done, cells + done);
}

KILOMARK_AVX2 void make_row_taps(const Axis& axis, float span, int u, int v, int count,
                                 RowTaps& taps) {
  const __m256 one = _mm256_set1_ps(1.0F);
  const __m256 two = _mm256_set1_ps(2.0F);
  const __m256 side = _mm256_set1_ps(span);
  const __m256 du = _mm256_set1_ps(axis.du);
  const __m256 along_column = _mm256_set1_ps(axis.dv * static_cast<float>(v));
  const __m256 origin = _mm256_set1_ps(axis.origin);
  const __m256i steps = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  // The last turn may fill entries beyond `count`, up to kMaxRow, which nobody reads.
  for (int i = 0; i < count; i += 8) {
    const __m256i column = _mm256_add_epi32(_mm256_set1_epi32(u + i), steps);
    const __m256 along_row = _mm256_mul_ps(du, _mm256_cvtepi32_ps(column));
    const __m256 x = _mm256_add_ps(_mm256_add_ps(along_row, along_column), origin);
    const __m256i first = _mm256_cvttps_epi32(x);
    const __m256 start = _mm256_sub_ps(x, _mm256_cvtepi32_ps(first));
    const __m256 end = _mm256_add_ps(start, side);
    const __m256 is_short = _mm256_cmp_ps(end, two, _CMP_LT_OQ);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(taps.first + i), first);
    _mm256_storeu_ps(taps.weight[0] + i, _mm256_sub_ps(one, start));
    _mm256_storeu_ps(taps.weight[1] + i, _mm256_blendv_ps(one, _mm256_sub_ps(end, one), is_short));
    _mm256_storeu_ps(taps.weight[2] + i, _mm256_andnot_ps(is_short, _mm256_sub_ps(end, two)));
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
template <int kTaps>
KILOMARK_AVX2 inline __m128 weighted_sum(__m128 p0, __m128 p1, __m128 p2, const RowTaps& taps,
                                         int i) {
  const __m128 first = _mm_mul_ps(_mm_broadcast_ss(&taps.weight[0][i]), p0);
  const __m128 second = _mm_mul_ps(_mm_broadcast_ss(&taps.weight[1][i]), p1);
  const __m128 sum = _mm_add_ps(first, second);
  if constexpr (kTaps == 2) {
    return sum;
  }
  return _mm_add_ps(sum, _mm_mul_ps(_mm_broadcast_ss(&taps.weight[2][i]), p2));
}

// Normalises the sums of four output pixels and writes them at out.planes[c] + i.
KILOMARK_AVX2 inline void write_four(__m128 sum0, __m128 sum1, __m128 sum2, __m128 sum3,
                                     const ResamplePlan& plan, const OutputRow& out, int i) {
  _MM_TRANSPOSE4_PS(sum0, sum1, sum2, sum3);  // to three channels and the coverage
  const __m128 channels[3] = {sum0, sum1, sum2};
  for (int c = 0; c < 3; ++c) {
    const __m128 scaled = _mm_mul_ps(channels[c], _mm_set1_ps(plan.scale[c]));
    const __m128 shift = _mm_mul_ps(sum3, _mm_set1_ps(plan.offset[c]));
    _mm_storeu_ps(out.planes[c] + i, _mm_add_ps(scaled, shift));
  }
}

// The last pixels of a row whose length is no multiple of four.
KILOMARK_AVX2 inline void write_one(__m128 sum, const ResamplePlan& plan, const OutputRow& out,
                                    int i) {
  Pixel pixel;
  _mm_store_ps(pixel.value, sum);
  for (int c = 0; c < 3; ++c) {
    out.planes[c][i] = normalise(plan, pixel, c);
  }
}

template <int kTaps>
KILOMARK_AVX2 inline __m128 sum_along_row(const Pixel* sums, int first_column, const RowTaps& taps,
                                          int i) {
  const Pixel* left = sums + (taps.first[i] - first_column);
  return weighted_sum<kTaps>(load(left), load(left + 1), load(left + 2), taps, i);
}

template <int kTaps>
KILOMARK_AVX2 void write_upright(const Pixel* sums, int first_column, const RowTaps& taps,
                                 const ResamplePlan& plan, const OutputRow& out) {
  int i = 0;
  for (; i + 4 <= out.count; i += 4) {
    write_four(sum_along_row<kTaps>(sums, first_column, taps, i),
               sum_along_row<kTaps>(sums, first_column, taps, i + 1),
               sum_along_row<kTaps>(sums, first_column, taps, i + 2),
               sum_along_row<kTaps>(sums, first_column, taps, i + 3), plan, out, i);
  }
  for (; i < out.count; ++i) {
    write_one(sum_along_row<kTaps>(sums, first_column, taps, i), plan, out, i);
  }
}

void write_upright_row(const Pixel* sums, int first_column, const RowTaps& taps,
                       const ResamplePlan& plan, const OutputRow& out) {
  plan.span > 1.0F ? write_upright<3>(sums, first_column, taps, plan, out)
                   : write_upright<2>(sums, first_column, taps, plan, out);
}

// Two columns of taps stand in the halves of one vector, the third in a vector of its own.
template <int kTaps>
KILOMARK_AVX2 inline __m128 sum_square(const CellRows& cells, const RowTaps& horizontal,
                                       const RowTaps& vertical, int i) {
  const Pixel* top = cells.cells + (vertical.first[i] - cells.first_row) * cells.stride +
                     (horizontal.first[i] - cells.first_column);
  const Pixel* middle = top + cells.stride;
  const Pixel* bottom = middle + cells.stride;
  const __m256 w0 = _mm256_broadcast_ss(&vertical.weight[0][i]);
  const __m256 w1 = _mm256_broadcast_ss(&vertical.weight[1][i]);
  __m256 two = _mm256_add_ps(_mm256_mul_ps(w0, load_two(top)), _mm256_mul_ps(w1, load_two(middle)));
  __m128 third = _mm_setzero_ps();
  if constexpr (kTaps == 3) {
    const __m256 w2 = _mm256_broadcast_ss(&vertical.weight[2][i]);
    two = _mm256_add_ps(two, _mm256_mul_ps(w2, load_two(bottom)));
    third = _mm_add_ps(_mm_add_ps(_mm_mul_ps(_mm256_castps256_ps128(w0), load(top + 2)),
                                  _mm_mul_ps(_mm256_castps256_ps128(w1), load(middle + 2))),
                       _mm_mul_ps(_mm256_castps256_ps128(w2), load(bottom + 2)));
  }
  return weighted_sum<kTaps>(_mm256_castps256_ps128(two), _mm256_extractf128_ps(two, 1), third,
                             horizontal, i);
}

template <int kTaps>
KILOMARK_AVX2 void write_turned(const CellRows& cells, const RowTaps& horizontal,
                                const RowTaps& vertical, const ResamplePlan& plan,
                                const OutputRow& out) {
  int i = 0;
  for (; i + 4 <= out.count; i += 4) {
    write_four(sum_square<kTaps>(cells, horizontal, vertical, i),
               sum_square<kTaps>(cells, horizontal, vertical, i + 1),
               sum_square<kTaps>(cells, horizontal, vertical, i + 2),
               sum_square<kTaps>(cells, horizontal, vertical, i + 3), plan, out, i);
  }
  for (; i < out.count; ++i) {
    write_one(sum_square<kTaps>(cells, horizontal, vertical, i), plan, out, i);
  }
}

void write_turned_row(const CellRows& cells, const RowTaps& horizontal, const RowTaps& vertical,
                      const ResamplePlan& plan, const OutputRow& out) {
  plan.span > 1.0F ? write_turned<3>(cells, horizontal, vertical, plan, out)
                   : write_turned<2>(cells, horizontal, vertical, plan, out);
}

constexpr CropKernels kAvx2Kernels{read_cells, make_row_taps, sum_columns, write_upright_row,
                                   write_turned_row};

}  // namespace

const CropKernels& best_kernels() {
  static const CropKernels& kBest =
      __builtin_cpu_supports("avx2") != 0 ? kAvx2Kernels : portable_kernels();
  return kBest;
}

}  // namespace kilomark::cpu

#endif  // __x86_64__
