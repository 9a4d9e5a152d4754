#include "tracking/tiny_face.hpp"

#include <gtest/gtest.h>

namespace kilomark::tracking {
namespace {

constexpr double kFrameS = 0.1;

TEST(TinyFaceTest, ThreeSureLooksMakeItSure) {
  TinyFace face({100, 100}, 0.9F, 0.0);
  EXPECT_FALSE(face.is_sure());
  face.find({100, 100}, 0.9F, false, kFrameS);
  EXPECT_FALSE(face.is_sure());
  face.find({100, 100}, 0.9F, false, 2 * kFrameS);
  EXPECT_TRUE(face.is_sure());
}

TEST(TinyFaceTest, AThingThatAlwaysLooksALittleLikeAFaceIsForgotten) {
  TinyFace thing({100, 100}, 0.6F, 0.0);
  int looks = 1;
  for (; looks < 100 && !thing.is_gone(false); ++looks) {
    thing.find({100, 100}, 0.6F, false, looks * kFrameS);
    EXPECT_FALSE(thing.is_sure());
  }
  EXPECT_LT(looks, 20);
}

TEST(TinyFaceTest, AReturnedFaceIsLostByTheFifthMissInARow) {
  TinyFace face = TinyFace::known({100, 100}, 0.0);
  for (int n = 0; n < 4; ++n) {
    EXPECT_EQ(face.is_seen(), n == 0);
    face.miss();
    EXPECT_FALSE(face.is_gone(true));
  }
  face.miss();
  EXPECT_TRUE(face.is_gone(true));
}

TEST(TinyFaceTest, AReturnedFaceIsHeldByDoubtfulLooks) {
  TinyFace face = TinyFace::known({100, 100}, 0.0);
  for (int n = 1; n < 100; ++n) {
    face.find({100, 100}, 0.45F, true, n * kFrameS);
    EXPECT_FALSE(face.is_gone(true));
  }
}

TEST(TinyFaceTest, TheVelocityComesFromThePlaces) {
  TinyFace face({100, 100}, 0.9F, 0.0);
  for (int n = 1; n < 10; ++n) {
    face.find({100.0F + 5.0F * static_cast<float>(n), 100.0F - static_cast<float>(n)}, 0.9F, true,
              n * kFrameS);
  }
  EXPECT_NEAR(face.velocity().x, 50.0F, 0.1F);
  EXPECT_NEAR(face.velocity().y, -10.0F, 0.1F);
}

TEST(TinyFaceTest, TwoLooksInOneFrameDoNotChangeTheVelocity) {
  TinyFace face({100, 100}, 0.9F, 0.0);
  face.find({103, 100}, 0.9F, false, 0.0);
  EXPECT_EQ(face.velocity().x, 0.0F);
}

TEST(TinyFaceTest, TheReachGrowsWithTimeUpToALimit) {
  const TinyFace face({100, 100}, 0.9F, 0.0);
  EXPECT_NEAR(face.reach(0.0), 0.6F, 1e-6F);
  EXPECT_NEAR(face.reach(0.1), 1.5F, 1e-6F);
  EXPECT_EQ(face.reach(1.0), face.reach(5.0));
}

}  // namespace
}  // namespace kilomark::tracking
