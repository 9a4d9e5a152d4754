#pragma once

#include <array>
#include <cstddef>

namespace kilomark::cpu {

// How the bytes of 16-byte loads from images are brought into the order of the cells' channels.

inline constexpr int kPixelsPerLoad = 4;
inline constexpr std::ptrdiff_t kLoadBytes = 16;

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
inline constexpr std::array kPairShuffles{make_pair_shuffle(1), make_pair_shuffle(1),
                                          make_pair_shuffle(1), make_pair_shuffle(3),
                                          make_pair_shuffle(4)};
inline constexpr std::array kPixelShuffles{make_pixel_shuffle(1), make_pixel_shuffle(1),
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

inline constexpr auto kChannelShuffles = make_channel_shuffles();  // [channels][pixels]

}  // namespace kilomark::cpu
