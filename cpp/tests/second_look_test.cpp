#include "second_look.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kilomark {
namespace {

TEST(SecondLook, IsTakenAtANinthOfTheOddsAskedFor) {
  const auto lowest = [](float score_threshold) {
    return lowest_score_to_look_at(
        {.score_threshold = score_threshold, .presence_threshold = 0.5F});
  };
  EXPECT_NEAR(lowest(0.5F), 0.1F, 1e-6F);  // odds of 1 to 1, and 1 to 9
  EXPECT_NEAR(lowest(0.9F), 0.5F, 1e-6F);
  EXPECT_EQ(lowest(0.0F), 0.0F);
  EXPECT_EQ(lowest(1.0F), 1.0F);
}

TEST(SecondLook, IsNotTakenWherePresenceDoesNotCount) {
  EXPECT_EQ(lowest_score_to_look_at({.score_threshold = 0.3F, .presence_threshold = 0.0F}), 0.3F);
}

TEST(SecondLook, AddsHalfTheLogOddsOfThePresenceBeyondNineToOne) {
  EXPECT_NEAR(score_of_both(0.3F, 0.9F), 0.3F, 1e-6F);
  // Odds of 1 to 9 times the root of 729 / 9.
  EXPECT_NEAR(score_of_both(0.1F, 729.0F / 730.0F), 0.5F, 1e-4F);
  EXPECT_NEAR(score_of_both(0.9F, 1.0F / 10.0F), 0.5F, 1e-5F);
}

TEST(SecondLook, SaturatesWithThePresence) {
  EXPECT_NEAR(score_of_both(0.1F, 1.0F), 100.0F / 127.0F, 1e-3F);  // the root of 9999 / 9, over 9
  EXPECT_NEAR(score_of_both(0.9F, 0.0F), 3.0F / 103.0F, 1e-3F);
  EXPECT_EQ(score_of_both(1.0F, 0.0F), 1.0F);
  EXPECT_EQ(score_of_both(0.0F, 1.0F), 0.0F);
}

TEST(SecondLook, HasNoScoreWithoutAPresence) {
  EXPECT_TRUE(std::isnan(score_of_both(0.9F, std::numeric_limits<float>::quiet_NaN())));
}

}  // namespace
}  // namespace kilomark
