#include "tracking/face_patch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tracking/face_regions.hpp"

namespace kilomark::tracking {
namespace {

constexpr int kWidth = 320;
constexpr int kHeight = 240;

// A face's pattern: blobs around (150, 120), at least a few pixels wide, moved by `motion`.
std::vector<std::uint8_t> picture(const Similarity& motion, double light = 1.0,
                                  double offset = 0.0) {
  const Similarity back = motion.inverse();
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const Point p = back.apply({static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F});
      const auto u = static_cast<double>(p.x - 150.0F);
      const auto v = static_cast<double>(p.y - 120.0F);
      const double value = 110.0 + 45.0 * std::sin(u / 11.0 + 0.4) * std::cos(v / 14.0) +
                           35.0 * std::cos(u / 23.0) + 30.0 * std::sin((u + 2.0 * v) / 31.0);
      pixels.push_back(static_cast<std::uint8_t>(std::clamp(light * value + offset, 0.0, 255.0)));
    }
  }
  return pixels;
}

ImageView view_of(const std::vector<std::uint8_t>& pixels) {
  return {pixels.data(), kWidth, kHeight, kWidth, PixelFormat::kGray};
}

const FaceRegion kRegion{{90, 50, 210, 190}, 10.0F};

Similarity around_face(double dx, double dy, double log_scale, double angle_rad) {
  const Similarity center = Similarity::of(150.0, 120.0, 0.0, 0.0);
  return Similarity::of(150.0 + dx, 120.0 + dy, log_scale, angle_rad) * center.inverse();
}

double error_px(const Similarity& found, const Similarity& truth) {
  double worst = 0.0;
  for (const Point corner : {Point{100, 60}, Point{200, 60}, Point{150, 180}}) {
    const Point a = found.apply(corner);
    const Point b = truth.apply(corner);
    worst = std::max(worst, static_cast<double>(std::hypot(a.x - b.x, a.y - b.y)));
  }
  return worst;
}

class FacePatchTest : public testing::Test {
 protected:
  FacePatch patch_{view_of(picture({})), kRegion};
};

TEST_F(FacePatchTest, FindsShiftScaleAndRoll) {
  for (const Similarity& truth : {around_face(0.0, 0.0, 0.0, 0.0), around_face(0.3, -0.2, 0.0, 0.0),
                                  around_face(7.0, 4.0, 0.0, 0.0), around_face(2.0, 1.0, 0.06, 0.0),
                                  around_face(-3.0, 2.0, -0.05, 0.08)}) {
    const std::vector<std::uint8_t> pixels = picture(truth);
    const auto found = patch_.motion_to(view_of(pixels), {});
    ASSERT_TRUE(found.has_value());
    EXPECT_LT(error_px(*found, truth), 0.1);
  }
}

TEST_F(FacePatchTest, AGuessReachesFurther) {
  const Similarity truth = around_face(60.0, -20.0, 0.0, 0.0);
  const std::vector<std::uint8_t> pixels = picture(truth);
  const auto found = patch_.motion_to(view_of(pixels), around_face(54.0, -16.0, 0.0, 0.0));
  ASSERT_TRUE(found.has_value());
  EXPECT_LT(error_px(*found, truth), 0.1);
}

TEST_F(FacePatchTest, LightDoesNotMatter) {
  const Similarity truth = around_face(3.0, 0.0, 0.0, 0.0);
  const std::vector<std::uint8_t> pixels = picture(truth, 0.5, 20.0);
  const auto found = patch_.motion_to(view_of(pixels), {});
  ASSERT_TRUE(found.has_value());
  EXPECT_LT(error_px(*found, truth), 0.15);
}

TEST_F(FacePatchTest, AnotherPictureIsNotTheFace) {
  std::vector<std::uint8_t> other;
  for (int i = 0; i < kWidth * kHeight; ++i) {
    other.push_back(static_cast<std::uint8_t>(i / kWidth / 16 % 2 * 200));
  }
  EXPECT_FALSE(patch_.motion_to(view_of(other), {}).has_value());
  const std::vector<std::uint8_t> flat(kWidth * kHeight, 100);
  EXPECT_FALSE(patch_.motion_to(view_of(flat), {}).has_value());
}

TEST_F(FacePatchTest, FlatTinyAndOutsideRegionsAreHarmless) {
  const std::vector<std::uint8_t> flat(kWidth * kHeight, 100);
  const FacePatch empty(view_of(flat), kRegion);
  EXPECT_FALSE(empty.motion_to(view_of(flat), {}).has_value());
  const std::vector<std::uint8_t> pixels = picture({});
  for (const FaceRegion& region :
       {FaceRegion{{-60, -60, 60, 60}, 0.0F}, FaceRegion{{300, 200, 340, 260}, 45.0F},
        FaceRegion{{900, 900, 910, 910}, 0.0F}, FaceRegion{{10, 10, 11, 11}, 0.0F}}) {
    const FacePatch patch(view_of(pixels), region);
    (void)patch.motion_to(view_of(pixels), around_face(500.0, 500.0, 0.0, 0.0));
    (void)patch.motion_to({pixels.data(), 1, 1, kWidth, PixelFormat::kGray}, {});
  }
}

}  // namespace
}  // namespace kilomark::tracking
