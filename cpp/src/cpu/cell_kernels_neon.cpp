#include "cpu/crop_kernels_neon.hpp"

#if defined(__aarch64__)

#include <arm_neon.h>

#include "cpu/byte_shuffles.hpp"
#include "cpu/cell_dispatch.hpp"

namespace kilomark::cpu {

namespace {

inline uint8x16_t load_shuffle(const Shuffle& shuffle) {
  return vreinterpretq_u8_s8(vld1q_s8(shuffle.data()));
}

// Puts the bytes of a load in the shuffle's order; a negative index makes a zero.
inline uint8x16_t load_shuffled(const std::uint8_t* bytes, uint8x16_t shuffle) {
  return vqtbl1q_u8(vld1q_u8(bytes), shuffle);
}

// Writes two cells from eight 16-bit sums: three channels and the coverage, twice.
inline void store_two(uint16x8_t sums, Pixel* cells) {
  vst1q_f32(cells[0].value, vcvtq_f32_u32(vmovl_u16(vget_low_u16(sums))));
  vst1q_f32(cells[1].value, vcvtq_f32_u32(vmovl_high_u16(sums)));
}

struct NeonReaders {
  // Cells of one pixel: bytes to floats, four at a time.
  static int read_pixels(const CellBytes& image, int count, Pixel* cells) {
    const uint8x16_t shuffle =
        load_shuffle(kPixelShuffles[static_cast<std::size_t>(image.channels)]);
    const uint8x16_t inside = vreinterpretq_u8_u32(vdupq_n_u32(1U << 24));  // coverage 1
    const std::ptrdiff_t load_step = std::ptrdiff_t{kPixelsPerLoad} * image.channels;
    const std::uint8_t* bytes = image.bytes;
    const std::uint8_t* const end = bytes + image.readable_bytes - kLoadBytes;
    int i = 0;
    for (; i + kPixelsPerLoad <= count && bytes <= end; i += kPixelsPerLoad, bytes += load_step) {
      const uint8x16_t four = vorrq_u8(load_shuffled(bytes, shuffle), inside);
      store_two(vmovl_u8(vget_low_u8(four)), cells + i);
      store_two(vmovl_high_u8(four), cells + i + 2);
    }
    return i;
  }

  // Cells of 2 x 2 pixels, two at a time: 16 bytes of a row hold two cells of one, three or four
  // channels.
  static int read_blocks_of_two(const CellBytes& image, int count, Pixel* cells) {
    const uint8x16_t shuffle =
        load_shuffle(kPairShuffles[static_cast<std::size_t>(image.channels)]);
    // In the fourth of each four 16-bit sums.
    const uint16x8_t coverage = vreinterpretq_u16_u64(vdupq_n_u64(std::uint64_t{4} << 48));
    const std::ptrdiff_t step = std::ptrdiff_t{4} * image.channels;
    const std::uint8_t* row = image.bytes;
    const std::uint8_t* const end = row + image.readable_bytes - kLoadBytes;
    int i = 0;
    for (; i + 2 <= count && row <= end; i += 2, row += step) {
      const uint16x8_t upper = vpaddlq_u8(load_shuffled(row, shuffle));
      const uint16x8_t sum =
          vpadalq_u8(upper, load_shuffled(row + image.row_stride_bytes, shuffle));
      store_two(vorrq_u16(sum, coverage), cells + i);
    }
    return i;
  }

  // Cells of 2..16 pixels each way. A load takes four pixels of a cell's row, the last maybe fewer.
  // With the size known to the compiler (kBlock > 0), the loops unroll.
  template <int kBlock>
  static int read_blocks(const CellBytes& image, int count, Pixel* cells) {
    const int block = kBlock > 0 ? kBlock : image.block;
    const int rows = kBlock > 0 ? kBlock : image.rows;
    const int whole_loads = (block - 1) / kPixelsPerLoad;
    const auto last_pixels = static_cast<std::size_t>(block - whole_loads * kPixelsPerLoad);
    const auto& shuffles = kChannelShuffles[static_cast<std::size_t>(image.channels)];
    const uint8x16_t whole = load_shuffle(shuffles[kPixelsPerLoad]);
    const uint8x16_t cut = load_shuffle(shuffles[last_pixels]);
    const auto coverage = static_cast<float>(rows * block);
    const std::ptrdiff_t cell_bytes = std::ptrdiff_t{block} * image.channels;
    const std::ptrdiff_t load_step = std::ptrdiff_t{kPixelsPerLoad} * image.channels;
    const std::uint8_t* first = image.bytes;
    const std::uint8_t* const end =
        first + image.readable_bytes - whole_loads * load_step - kLoadBytes;
    int i = 0;
    for (; i < count && first <= end; ++i, first += cell_bytes) {
      const std::uint8_t* row = first;
      uint16x8_t sum = vdupq_n_u16(0);
      for (int y = 0; y < rows; ++y, row += image.row_stride_bytes) {
        const std::uint8_t* bytes = row;
        for (int k = 0; k < whole_loads; ++k, bytes += load_step) {
          sum = vpadalq_u8(sum, load_shuffled(bytes, whole));
        }
        sum = vpadalq_u8(sum, load_shuffled(bytes, cut));
      }
      const float32x4_t channels = vcvtq_f32_u32(vpaddlq_u16(sum));
      vst1q_f32(cells[i].value, vsetq_lane_f32(coverage, channels, kCoverage));
    }
    return i;
  }
};

}  // namespace

void read_cells_neon(const CellBytes& image, int count, Pixel* cells) {
  read_cells_by<NeonReaders>(image, count, cells);
}

}  // namespace kilomark::cpu

#endif  // __aarch64__
