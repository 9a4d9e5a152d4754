#include "bundle/sha256_blocks.hpp"

// clang has the intrinsics only where all code may use them, as on macOS. Elsewhere its builds run
// the portable loop.
#if defined(__aarch64__) && (!defined(__clang__) || defined(__ARM_FEATURE_SHA2))
#define KILOMARK_HAS_SHA
#endif

#ifdef KILOMARK_HAS_SHA

#include <arm_neon.h>

#include "system/processor.hpp"

#ifdef __clang__
#define KILOMARK_SHA
#else
#define KILOMARK_SHA __attribute__((target("+crypto")))
#endif

namespace kilomark::bundle {

namespace {

KILOMARK_SHA inline uint32x4_t load_big_endian(const unsigned char* bytes) {
  return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(bytes)));
}

// One block: 16 times four rounds, whose words are computed as they are needed.
KILOMARK_SHA void add_block(uint32x4_t& abcd, uint32x4_t& efgh, const unsigned char* block) {
  uint32x4_t words0 = load_big_endian(block);
  uint32x4_t words1 = load_big_endian(block + 16);
  uint32x4_t words2 = load_big_endian(block + 32);
  uint32x4_t words3 = load_big_endian(block + 48);
  const uint32x4_t first_abcd = abcd;
  const uint32x4_t first_efgh = efgh;
  for (std::size_t round = 0; round < kShaRounds; round += 4) {
    const uint32x4_t added = vaddq_u32(words0, vld1q_u32(&kRoundConstants[round]));
    const uint32x4_t before = abcd;
    abcd = vsha256hq_u32(abcd, efgh, added);
    efgh = vsha256h2q_u32(efgh, before, added);
    const uint32x4_t next = vsha256su1q_u32(vsha256su0q_u32(words0, words1), words2, words3);
    words0 = words1;
    words1 = words2;
    words2 = words3;
    words3 = next;
  }
  abcd = vaddq_u32(abcd, first_abcd);
  efgh = vaddq_u32(efgh, first_efgh);
}

KILOMARK_SHA void add_blocks(ShaState& state, const unsigned char* blocks, std::size_t count) {
  uint32x4_t abcd = vld1q_u32(state.data());
  uint32x4_t efgh = vld1q_u32(state.data() + 4);
  for (std::size_t i = 0; i < count; ++i) {
    add_block(abcd, efgh, blocks + i * kShaBlockBytes);
  }
  vst1q_u32(state.data(), abcd);
  vst1q_u32(state.data() + 4, efgh);
}

}  // namespace

AddShaBlocks aarch64_sha_blocks() { return system::has_aarch64_sha256() ? &add_blocks : nullptr; }

}  // namespace kilomark::bundle

#else

namespace kilomark::bundle {

AddShaBlocks aarch64_sha_blocks() { return nullptr; }

}  // namespace kilomark::bundle

#endif
