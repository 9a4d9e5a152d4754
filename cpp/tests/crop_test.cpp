#include "kilomark/crop.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "kilomark/error.hpp"

namespace kilomark {
namespace {

TEST(Crop, RestoresWhatItMapped) {
  const Crop crop = Crop::around({311.25F, 207.5F}, 173.0, 23.0, 128, 128);
  for (float x = 0.0F; x <= 128.0F; x += 16.0F) {
    const Point there = crop.to_image({x, 128.0F - x});
    const Point back = crop.to_input(there);
    EXPECT_NEAR(back.x, x, 1e-3F);
    EXPECT_NEAR(back.y, 128.0F - x, 1e-3F);
  }
}

TEST(Crop, MirroredExchangesLeftAndRight) {
  const Crop crop = Crop::around({311.25F, 207.5F}, 173.0, 23.0, 128, 96);
  const Crop mirror = crop.mirrored();
  EXPECT_TRUE(mirror.is_mirrored());
  EXPECT_FALSE(mirror.mirrored().is_mirrored());
  for (float x = 0.0F; x <= 128.0F; x += 16.0F) {
    const Point expected = crop.to_image({128.0F - x, 10.0F + 0.5F * x});
    const Point there = mirror.to_image({x, 10.0F + 0.5F * x});
    EXPECT_NEAR(there.x, expected.x, 1e-3F);
    EXPECT_NEAR(there.y, expected.y, 1e-3F);
    const Point back = mirror.to_input(there);
    EXPECT_NEAR(back.x, x, 1e-3F);
    EXPECT_NEAR(back.y, 10.0F + 0.5F * x, 1e-3F);
  }
}

TEST(Crop, PutsTheCenterInTheMiddle) {
  const Crop crop = Crop::around({40.0F, 50.0F}, 64.0, -30.0, 128, 128);
  const Point middle = crop.to_input({40.0F, 50.0F});
  EXPECT_NEAR(middle.x, 64.0F, 1e-4F);
  EXPECT_NEAR(middle.y, 64.0F, 1e-4F);
  EXPECT_NEAR(crop.scale(), 0.5, 1e-9);
}

TEST(Crop, TurnsAFaceUpright) {
  // The line between the eyes falls to the right by 45 degrees, so it runs along (1, 1) in the
  // image.
  const Crop crop = Crop::around({0.0F, 0.0F}, 128.0, 45.0, 128, 128);
  const Point right_eye = crop.to_input({-10.0F, -10.0F});
  const Point left_eye = crop.to_input({10.0F, 10.0F});
  EXPECT_NEAR(right_eye.y, left_eye.y, 1e-3F);
  EXPECT_LT(right_eye.x, left_eye.x);
}

TEST(Crop, LetterboxKeepsTheCorner) {
  const Crop crop = Crop::letterbox(640, 480, 256, 256);
  const Point corner = crop.to_input({0.0F, 0.0F});
  const Point opposite = crop.to_input({640.0F, 480.0F});
  EXPECT_NEAR(corner.x, 0.0F, 1e-3F);
  EXPECT_NEAR(corner.y, 0.0F, 1e-3F);
  EXPECT_NEAR(opposite.x, 256.0F, 1e-3F);
  EXPECT_NEAR(opposite.y, 192.0F, 1e-3F);
}

TEST(Crop, RefusesValuesThatAreNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW((void)Crop::around({nan, 0.0F}, 10.0, 0.0, 128, 128), Error);
  EXPECT_THROW((void)Crop::around({0.0F, 0.0F}, 0.0, 0.0, 128, 128), Error);
}

}  // namespace
}  // namespace kilomark
