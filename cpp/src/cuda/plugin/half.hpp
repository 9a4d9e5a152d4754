#pragma once

// IEEE binary16 as bits, for hosts and devices without a type for it.

#include <bit>
#include <cstdint>

#include "kilomark/resample.hpp"

namespace kilomark::cuda {

KILOMARK_HD std::uint32_t float_bits(float value) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(value);
#else
  return std::bit_cast<std::uint32_t>(value);
#endif
}

// The nearest half, ties to even; too large becomes infinity, NaN stays NaN.
KILOMARK_HD std::uint16_t to_half(float value) {
  const std::uint32_t bits = float_bits(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude >= 0x47800000U) {  // 65536 and more, infinity, NaN
    return static_cast<std::uint16_t>(sign | (magnitude > 0x7F800000U ? 0x7E00U : 0x7C00U));
  }
  // Below 2^-14 a half has no implicit bit: the significand moves right by as much.
  const std::uint32_t exponent = magnitude >> 23;
  const bool is_normal = exponent >= 113U;
  const std::uint32_t shift = is_normal ? 13U : 126U - exponent;
  if (shift > 24U) {
    return static_cast<std::uint16_t>(sign);
  }
  const std::uint32_t significand =
      is_normal ? magnitude - (112U << 23) : (magnitude & 0x7FFFFFU) | 0x800000U;
  const std::uint32_t kept = significand >> shift;
  const std::uint32_t rest = significand & ((1U << shift) - 1U);
  const std::uint32_t middle = 1U << (shift - 1U);
  const std::uint32_t up = rest > middle || (rest == middle && (kept & 1U) != 0U) ? 1U : 0U;
  return static_cast<std::uint16_t>(sign |
                                    (kept + up));  // a carry grows the exponent, as it should
}

// Exact.
inline float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t significand = half & 0x3FFU;
  if (exponent == 0U) {
    const float magnitude = static_cast<float>(significand) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  const std::uint32_t widened = exponent == 31U ? 255U : exponent + 112U;
  return std::bit_cast<float>(sign | (widened << 23) | (significand << 13));
}

}  // namespace kilomark::cuda
