#include "tracking/scene_cuts.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

namespace kilomark::tracking {
namespace {

constexpr int kWidth = 192;
constexpr int kHeight = 108;

using Brightness = std::function<double(int x, int y)>;

std::vector<std::uint8_t> pixels_of(const Brightness& brightness) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      pixels.push_back(static_cast<std::uint8_t>(std::clamp(brightness(x, y), 0.0, 255.0)));
    }
  }
  return pixels;
}

// Smooth random hills.
Brightness scene(unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::vector<std::array<double, 4>> waves(12);
  for (auto& wave : waves) {
    wave = {uniform(random) * 0.1 - 0.05, uniform(random) * 0.1 - 0.05, 6.28 * uniform(random),
            25.0 * uniform(random)};
  }
  return [waves](int x, int y) {
    double sum = 128.0;
    for (const auto& [fx, fy, phase, height] : waves) {
      sum += height * std::sin(6.28 * (fx * x + fy * y) + phase);
    }
    return sum;
  };
}

class SceneCutsTest : public testing::Test {
 protected:
  bool is_cut(const Brightness& brightness) {
    const std::vector<std::uint8_t> pixels = pixels_of(brightness);
    return cuts_.is_cut({pixels.data(), kWidth, kHeight, kWidth, PixelFormat::kGray});
  }

  SceneCuts cuts_;
  Brightness first_ = scene(1);
  Brightness second_ = scene(2);
};

TEST_F(SceneCutsTest, AnotherSceneIsACutOnce) {
  for (int n = 0; n < 5; ++n) {
    EXPECT_FALSE(is_cut(first_));
  }
  EXPECT_TRUE(is_cut(second_));
  EXPECT_FALSE(is_cut(second_));
  EXPECT_TRUE(is_cut(first_));
}

TEST_F(SceneCutsTest, AJumpAndAPanAreNone) {
  EXPECT_FALSE(is_cut(first_));
  EXPECT_FALSE(is_cut([&](int x, int y) { return first_(x + 18, y + 6); }));
  for (int n = 0; n < 10; ++n) {
    EXPECT_FALSE(is_cut([&](int x, int y) { return first_(x + 7 * n, y); })) << n;
  }
}

TEST_F(SceneCutsTest, AFlashAndAFadeAreNone) {
  EXPECT_FALSE(is_cut(first_));
  EXPECT_FALSE(is_cut([&](int x, int y) { return 0.5 * first_(x, y) + 120.0; }));
  for (int n = 10; n >= 0; --n) {
    EXPECT_FALSE(is_cut([&](int x, int y) { return 0.1 * n * first_(x, y); })) << n;
  }
}

TEST_F(SceneCutsTest, TheSceneAfterAFadeThroughBlackIsACut) {
  EXPECT_FALSE(is_cut(first_));
  EXPECT_FALSE(is_cut([](int, int) { return 0.0; }));
  EXPECT_TRUE(is_cut(second_));
}

TEST_F(SceneCutsTest, ADissolveEndsNoScene) {
  EXPECT_FALSE(is_cut(first_));
  for (int n = 0; n <= 30; ++n) {
    EXPECT_FALSE(is_cut([&](int x, int y) {
      return (30 - n) / 30.0 * first_(x, y) + n / 30.0 * second_(x, y);
    })) << n;
  }
}

}  // namespace
}  // namespace kilomark::tracking
