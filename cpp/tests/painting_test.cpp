#include "kilomark/painting.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace kilomark {
namespace {

constexpr int kWidth = 40;
constexpr int kHeight = 30;

// The gray picture that a white stroke leaves on black.
std::vector<std::uint8_t> painted(const Stroke& stroke) {
  std::vector<std::uint8_t> pixels(std::size_t{kWidth} * kHeight, 0);
  paint({pixels.data(), kWidth, kHeight, 1, kWidth}, stroke);
  return pixels;
}

double area_of(const std::vector<std::uint8_t>& pixels) {
  return std::accumulate(pixels.begin(), pixels.end(), 0.0) / 255.0;
}

Stroke white(std::span<const Point> points, StrokeKind kind, float width_px) {
  return {points, kind, width_px, {255}, 1.0F};
}

TEST(PaintingTest, ADiscHasItsAreaAndItsCenter) {
  const std::vector<Point> points{{20.3F, 14.6F}};
  const auto pixels = painted(white(points, StrokeKind::kDots, 12.0F));
  EXPECT_NEAR(area_of(pixels), 36.0 * 3.14159, 2.0);
  double x = 0.0;
  double y = 0.0;
  for (int i = 0; i < kWidth * kHeight; ++i) {
    x += pixels[static_cast<std::size_t>(i)] / 255.0 * (i % kWidth + 0.5);
    y += pixels[static_cast<std::size_t>(i)] / 255.0 * (i / kWidth + 0.5);
  }
  EXPECT_NEAR(x / area_of(pixels), 20.3, 0.02);
  EXPECT_NEAR(y / area_of(pixels), 14.6, 0.02);
}

TEST(PaintingTest, ALineHasItsWidthInEveryDirection) {
  for (double angle = 0.0; angle < 3.1; angle += 0.37) {
    const auto dx = static_cast<float>(10.0 * std::cos(angle));
    const auto dy = static_cast<float>(10.0 * std::sin(angle));
    const std::vector<Point> points{{20.0F - dx, 15.0F - dy}, {20.0F + dx, 15.0F + dy}};
    const auto pixels = painted(white(points, StrokeKind::kCurve, 3.0F));
    EXPECT_NEAR(area_of(pixels), 20.0 * 3.0 + 2.25 * 3.14159, 2.0) << angle;
  }
}

TEST(PaintingTest, AnAreaIsExactForARectangle) {
  const std::vector<Point> ring{{5.25F, 4.5F}, {15.5F, 4.5F}, {15.5F, 12.75F}, {5.25F, 12.75F}};
  const auto pixels = painted(white(ring, StrokeKind::kFill, 1.0F));
  EXPECT_NEAR(area_of(pixels), 10.25 * 8.25, 0.1);
  EXPECT_EQ(pixels[8 * kWidth + 10], 255);
  EXPECT_EQ(pixels[8 * kWidth + 5], 191);
  EXPECT_EQ(pixels[8 * kWidth + 16], 0);
}

TEST(PaintingTest, ARingIsClosed) {
  const std::vector<Point> points{{5, 5}, {30, 5}, {30, 25}, {5, 25}};
  EXPECT_EQ(painted(white(points, StrokeKind::kCurve, 2.0F))[15 * kWidth + 5], 0);
  EXPECT_EQ(painted(white(points, StrokeKind::kRing, 2.0F))[15 * kWidth + 5], 255);
}

TEST(PaintingTest, WhereAStrokeMeetsItselfItIsMixedOnce) {
  const std::vector<Point> points{{10, 15}, {30, 15}, {10, 15}};
  Stroke stroke = white(points, StrokeKind::kCurve, 4.0F);
  stroke.opacity = 0.5F;
  EXPECT_EQ(painted(stroke)[15 * kWidth + 20], 128);
}

TEST(PaintingTest, PointsFarAwayOrNotFiniteDoNoHarm) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const StrokeKind kind :
       {StrokeKind::kCurve, StrokeKind::kRing, StrokeKind::kDots, StrokeKind::kFill}) {
    const std::vector<Point> far{{-1e30F, -1e30F}, {1e30F, 1e30F}, {3.0F, 1e38F}};
    painted(white(far, kind, 2.0F));
    const std::vector<Point> outside{{100, 100}, {200, 150}, {150, 300}};
    EXPECT_EQ(area_of(painted(white(outside, kind, 2.0F))), 0.0);
    const std::vector<Point> broken{{5, 5}, {kNan, 10}, {20, 20}};
    EXPECT_EQ(area_of(painted(white(broken, kind, 2.0F))), 0.0);
    EXPECT_EQ(area_of(painted(white({}, kind, 2.0F))), 0.0);
  }
}

TEST(PaintingTest, ColorsAreMixedChannelByChannel) {
  std::vector<std::uint8_t> pixels(std::size_t{4} * 4 * 3, 100);
  const std::vector<Point> points{{2, 2}};
  paint({pixels.data(), 4, 4, 3, 12}, {points, StrokeKind::kDots, 20.0F, {0, 100, 200}, 0.5F});
  EXPECT_EQ(pixels[0], 50);
  EXPECT_EQ(pixels[1], 100);
  EXPECT_EQ(pixels[2], 150);
}

}  // namespace
}  // namespace kilomark
