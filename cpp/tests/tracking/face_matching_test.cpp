#include "tracking/face_matching.hpp"

#include <gtest/gtest.h>

namespace kilomark::tracking {
namespace {

using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

FaceRegion face_at(float x, float side = 10.0F) {
  return {{x - 0.5F * side, 0.0F, x + 0.5F * side, side}};
}

TEST(NearestPairsTest, EachFaceIsInOnePairTheNearestFirst) {
  const std::vector<SoughtFace> sought{{face_at(100), 2.0F}, {face_at(115), 2.0F}};
  const std::vector<FaceRegion> found{face_at(112), face_at(106), face_at(300)};
  EXPECT_EQ(nearest_pairs(sought, found), (Pairs{{1, 0}, {0, 1}}));
}

TEST(NearestPairsTest, AFaceBeyondItsReachIsAnotherOne) {
  const std::vector<SoughtFace> sought{{face_at(100), 0.6F}};
  EXPECT_TRUE(nearest_pairs(sought, std::vector{face_at(107)}).empty());
  EXPECT_EQ(nearest_pairs(sought, std::vector{face_at(105)}).size(), 1U);
}

TEST(NearestPairsTest, AFaceOfAnotherSizeIsAnotherOne) {
  const std::vector<SoughtFace> sought{{face_at(100), 2.0F}};
  EXPECT_TRUE(nearest_pairs(sought, std::vector{face_at(100, 25.0F)}).empty());
}

}  // namespace
}  // namespace kilomark::tracking
