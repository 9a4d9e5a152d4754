#include "bundle/sha256_blocks.hpp"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define KILOMARK_SHA __attribute__((target("sha,sse4.1")))

namespace kilomark::bundle {

namespace {

KILOMARK_SHA inline __m128i load(const void* bytes) {
  return _mm_loadu_si128(static_cast<const __m128i*>(bytes));
}

KILOMARK_SHA inline void store(std::uint32_t* words, __m128i values) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(words), values);
}

// One block: 16 times four rounds, whose words are computed as they are needed. The processor wants
// the state in the order of a, b, e, f and c, d, g, h.
KILOMARK_SHA void add_block(__m128i& abef, __m128i& cdgh, const unsigned char* block) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  __m128i words0 = _mm_shuffle_epi8(load(block), big_endian);
  __m128i words1 = _mm_shuffle_epi8(load(block + 16), big_endian);
  __m128i words2 = _mm_shuffle_epi8(load(block + 32), big_endian);
  __m128i words3 = _mm_shuffle_epi8(load(block + 48), big_endian);
  const __m128i first_abef = abef;
  const __m128i first_cdgh = cdgh;
  for (std::size_t round = 0; round < kShaRounds; round += 4) {
    const __m128i added = _mm_add_epi32(words0, load(&kRoundConstants[round]));
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, added);
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(added, 0x0E));
    const __m128i sum =
        _mm_add_epi32(_mm_sha256msg1_epu32(words0, words1), _mm_alignr_epi8(words3, words2, 4));
    words0 = words1;
    words1 = words2;
    words2 = words3;
    words3 = _mm_sha256msg2_epu32(sum, words3);
  }
  abef = _mm_add_epi32(abef, first_abef);
  cdgh = _mm_add_epi32(cdgh, first_cdgh);
}

KILOMARK_SHA void add_blocks(ShaState& state, const unsigned char* blocks, std::size_t count) {
  const __m128i badc = _mm_shuffle_epi32(load(state.data()), 0xB1);
  const __m128i hgfe = _mm_shuffle_epi32(load(state.data() + 4), 0x1B);
  __m128i abef = _mm_alignr_epi8(badc, hgfe, 8);
  __m128i cdgh = _mm_blend_epi16(hgfe, badc, 0xF0);
  for (std::size_t i = 0; i < count; ++i) {
    add_block(abef, cdgh, blocks + i * kShaBlockBytes);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1B);
  const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xB1);
  store(state.data(), _mm_blend_epi16(feba, dchg, 0xF0));
  store(state.data() + 4, _mm_alignr_epi8(dchg, feba, 8));
}

}  // namespace

AddShaBlocks x86_sha_blocks() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  const bool has_sha = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & bit_SHA) != 0;
  return has_sha && __builtin_cpu_supports("sse4.1") != 0 ? &add_blocks : nullptr;
}

}  // namespace kilomark::bundle

#else

namespace kilomark::bundle {

AddShaBlocks x86_sha_blocks() { return nullptr; }

}  // namespace kilomark::bundle

#endif
