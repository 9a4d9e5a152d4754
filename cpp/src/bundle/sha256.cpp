#include "bundle/sha256.hpp"

#include <algorithm>
#include <array>

#include "bundle/sha256_blocks.hpp"

namespace kilomark::bundle {

namespace {

// The first 32 bits of the fractional parts of the square roots of the first 8 primes.
constexpr ShaState kInitialState{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// The rest of the bytes, a 1, zeros, and the number of bits in 64 bits: one block or two.
void add_end(AddShaBlocks add_blocks, ShaState& state, std::string_view rest,
             std::uint64_t num_bytes) {
  std::array<unsigned char, 2 * kShaBlockBytes> end{};
  const std::size_t num_rest = std::min(rest.size(), kShaBlockBytes - 1);  // for the compiler
  for (std::size_t i = 0; i < num_rest; ++i) {
    end[i] = static_cast<unsigned char>(rest[i]);
  }
  end[num_rest] = 0x80;
  const std::size_t size = num_rest + 1 + 8 <= kShaBlockBytes ? kShaBlockBytes : 2 * kShaBlockBytes;
  const std::uint64_t num_bits = 8 * num_bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    end[size - 1 - i] = static_cast<unsigned char>(num_bits >> (8 * i));
  }
  add_blocks(state, end.data(), size / kShaBlockBytes);
}

AddShaBlocks best_blocks() {
  for (const AddShaBlocks instructions : {x86_sha_blocks(), aarch64_sha_blocks()}) {
    if (instructions != nullptr) {
      return instructions;
    }
  }
  return &add_sha_blocks_portable;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  static const AddShaBlocks kBest = best_blocks();
  return sha256_by(kBest, bytes);
}

std::string sha256_by(AddShaBlocks add_blocks, std::string_view bytes) {
  ShaState state = kInitialState;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::size_t whole = bytes.size() - bytes.size() % kShaBlockBytes;
  add_blocks(state, data, whole / kShaBlockBytes);
  add_end(add_blocks, state, bytes.substr(whole), bytes.size());
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digest;
  for (const std::uint32_t word : state) {
    for (int shift = 28; shift >= 0; shift -= 4) {
      digest += kDigits[(word >> shift) & 15U];
    }
  }
  return digest;
}

}  // namespace kilomark::bundle
