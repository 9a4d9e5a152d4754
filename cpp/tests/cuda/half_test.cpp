#include "cuda/plugin/half.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kilomark::cuda {
namespace {

TEST(Half, EveryHalfSurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = from_half(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(from_half(to_half(value)))) << bits;
    } else {
      ASSERT_EQ(to_half(value), half) << bits;
    }
  }
}

// Between two neighbors, everything goes to the nearer one, and the middle to the even one.
TEST(Half, RoundsToTheNearest) {
  for (std::uint32_t bits = 0; bits < 0x7BFFU; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits);
    const auto high = static_cast<std::uint16_t>(bits + 1);
    const float middle = 0.5F * (from_half(low) + from_half(high));  // exact in float
    ASSERT_EQ(to_half(middle), bits % 2 == 0 ? low : high) << bits;
    ASSERT_EQ(to_half(std::nextafter(middle, 0.0F)), low) << bits;
    ASSERT_EQ(to_half(std::nextafter(middle, 1e9F)), high) << bits;
    ASSERT_EQ(to_half(-middle), 0x8000U | to_half(middle)) << bits;
  }
}

TEST(Half, KnowsWhatIsTooLarge) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(to_half(65504.0F), 0x7BFF);
  EXPECT_EQ(to_half(65519.9F), 0x7BFF);
  EXPECT_EQ(to_half(65520.0F), 0x7C00);
  EXPECT_EQ(to_half(infinity), 0x7C00);
  EXPECT_EQ(to_half(-1e30F), 0xFC00);
  EXPECT_EQ(to_half(1e-30F), 0);
  EXPECT_TRUE(std::isnan(from_half(to_half(std::numeric_limits<float>::quiet_NaN()))));
}

}  // namespace
}  // namespace kilomark::cuda
