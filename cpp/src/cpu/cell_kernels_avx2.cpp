#include "cpu/crop_kernels_x86.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include "cpu/byte_shuffles.hpp"
#include "cpu/cell_dispatch.hpp"

namespace kilomark::cpu {

namespace {

KILOMARK_AVX2 inline __m128i load_bytes(const void* bytes) {
  return _mm_loadu_si128(static_cast<const __m128i*>(bytes));
}

// Bytes of two cells, one in each half.
KILOMARK_AVX2 inline __m256i load_two(const std::uint8_t* left, const std::uint8_t* right) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_bytes(left)), load_bytes(right), 1);
}

// Asks for pixels of the next row of cells, which is likely to be read next; rows are too far apart
// for the processor to see it coming.
KILOMARK_AVX2 inline void prefetch(const std::uint8_t* bytes) {
  _mm_prefetch(reinterpret_cast<const char*>(bytes), _MM_HINT_T0);
}

struct Avx2Readers {
  // Cells of one pixel: bytes to floats, four at a time.
  static KILOMARK_AVX2 int read_pixels(const CellBytes& image, int count, Pixel* cells) {
    const __m128i shuffle = load_bytes(&kPixelShuffles[static_cast<std::size_t>(image.channels)]);
    const __m128i inside = _mm_set1_epi32(1 << 24);  // coverage 1
    const std::ptrdiff_t load_step = std::ptrdiff_t{kPixelsPerLoad} * image.channels;
    const std::uint8_t* bytes = image.bytes;
    const std::uint8_t* const end = bytes + image.readable_bytes - kLoadBytes;
    int i = 0;
    for (; i + kPixelsPerLoad <= count && bytes <= end; i += kPixelsPerLoad, bytes += load_step) {
      prefetch(bytes + image.row_stride_bytes);
      const __m128i four = _mm_or_si128(_mm_shuffle_epi8(load_bytes(bytes), shuffle), inside);
      const __m256 low = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(four));
      const __m256 high = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(four, 8)));
      _mm256_storeu_ps(cells[i].value, low);
      _mm256_storeu_ps(cells[i + 2].value, high);
    }
    return i;
  }

  // Cells of 2 x 2 pixels, four at a time: 16 bytes of a row hold two cells of one, three or four
  // channels.
  static KILOMARK_AVX2 int read_blocks_of_two(const CellBytes& image, int count, Pixel* cells) {
    const __m256i shuffle = _mm256_broadcastsi128_si256(
        load_bytes(&kPairShuffles[static_cast<std::size_t>(image.channels)]));
    const __m256i ones = _mm256_set1_epi8(1);
    const __m256i coverage =
        _mm256_set1_epi64x(std::int64_t{4} << 48);  // in the fourth of 16 bits each
    const std::ptrdiff_t half_bytes = std::ptrdiff_t{4} * image.channels;  // of two cells
    const std::uint8_t* row = image.bytes;
    const std::uint8_t* const end = row + image.readable_bytes - half_bytes - kLoadBytes;
    int i = 0;
    for (; i + 4 <= count && row <= end; i += 4, row += 2 * half_bytes) {
      const std::uint8_t* next = row + image.row_stride_bytes;
      prefetch(row + 2 * image.row_stride_bytes);
      prefetch(next + 2 * image.row_stride_bytes);
      const __m256i upper = _mm256_shuffle_epi8(load_two(row, row + half_bytes), shuffle);
      const __m256i lower = _mm256_shuffle_epi8(load_two(next, next + half_bytes), shuffle);
      const __m256i sum =
          _mm256_add_epi16(_mm256_maddubs_epi16(upper, ones), _mm256_maddubs_epi16(lower, ones));
      const __m256i two_and_two = _mm256_or_si256(sum, coverage);
      const __m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(two_and_two));
      const __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(two_and_two, 1));
      _mm256_storeu_ps(cells[i].value, _mm256_cvtepi32_ps(low));
      _mm256_storeu_ps(cells[i + 2].value, _mm256_cvtepi32_ps(high));
    }
    return i;
  }

  // Cells of 2..16 pixels each way, two at a time. A load takes four pixels of a cell's row, the
  // last maybe fewer. With the size known to the compiler (kBlock > 0), the loops unroll.
  template <int kBlock>
  static KILOMARK_AVX2 int read_blocks(const CellBytes& image, int count, Pixel* cells) {
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
};

}  // namespace

void read_cells_avx2(const CellBytes& image, int count, Pixel* cells) {
  read_cells_by<Avx2Readers>(image, count, cells);
}

}  // namespace kilomark::cpu

#endif  // __x86_64__
