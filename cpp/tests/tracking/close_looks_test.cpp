#include "tracking/close_looks.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace kilomark::tracking {
namespace {

constexpr int kWidth = 768;
constexpr int kHeight = 576;
constexpr CloseScene kEmpty{};
constexpr CloseScene kTiny{.has_tiny = true};
constexpr CloseScene kLarge{.has_large = true};

std::vector<Tile> tiles_in(CloseSearch& search, const CloseScene& scene, double seconds, int fps) {
  std::vector<Tile> tiles;
  for (int n = 0; n < static_cast<int>(seconds * fps); ++n) {
    std::ranges::copy(search.next(kWidth, kHeight, scene, 1.0 / fps), std::back_inserter(tiles));
  }
  return tiles;
}

TEST(CloseSearchTest, ALargeFaceIsNotDisturbed) {
  CloseSearch search(0);
  EXPECT_TRUE(tiles_in(search, kLarge, 60.0, 30).empty());
}

TEST(CloseSearchTest, LooksCountBySecondsNotByFrames) {
  for (const int fps : {10, 25, 60}) {
    CloseSearch search(0);
    EXPECT_NEAR(static_cast<double>(tiles_in(search, kTiny, 2.0, fps).size()), 24.0, 1.0) << fps;
  }
}

TEST(CloseSearchTest, AnEmptySceneIsSearchedAfterAMomentAndLaterWithPatience) {
  CloseSearch search(0);
  EXPECT_TRUE(tiles_in(search, kEmpty, 0.2, 30).empty());
  EXPECT_GE(tiles_in(search, kEmpty, 2.0, 30).size(), 20U);
  (void)tiles_in(search, kEmpty, 4.0, 30);
  EXPECT_NEAR(static_cast<double>(tiles_in(search, kEmpty, 2.0, 30).size()), 8.0, 1.0);
}

TEST(CloseSearchTest, ARoundCoversTheFrameInTilesThatAreEnlarged) {
  CloseSearch search(0);
  const std::vector<Tile> tiles = tiles_in(search, kTiny, 2.0, 30);
  for (int y = 8; y < kHeight; y += 16) {
    for (int x = 8; x < kWidth; x += 16) {
      EXPECT_TRUE(std::ranges::any_of(tiles,
                                      [&](const Tile& tile) {
                                        return x >= tile.x && x < tile.x + tile.width &&
                                               y >= tile.y && y < tile.y + tile.height;
                                      }))
          << x << ", " << y;
    }
  }
  for (const Tile& tile : tiles) {
    EXPECT_LE(2 * tile.width, kSearchInput);
  }
}

TEST(CloseSearchTest, WithoutTilesThereIsNoSearch) {
  CloseSearch search(1);
  EXPECT_TRUE(tiles_in(search, kTiny, 2.0, 30).empty());
}

TEST(CloseSearchTest, AfterAResetTheSearchBeginsAnew) {
  CloseSearch search(0);
  const Tile first = tiles_in(search, kTiny, 1.0, 30).front();
  search.reset();
  const Tile again = tiles_in(search, kTiny, 1.0, 30).front();
  EXPECT_EQ(again.x, first.x);
  EXPECT_EQ(again.y, first.y);
}

TEST(WindowTest, AWindowLiesWithinTheFrameAndBeginsAtEvenPixels) {
  for (const Point center : {Point{-5, -5}, Point{333.3F, 211.7F}, Point{767, 575}}) {
    const Tile window = window_around(center, kWidth, kHeight);
    EXPECT_EQ(window.width, 96);
    EXPECT_EQ(window.height, 72);
    EXPECT_EQ(window.x % 2, 0);
    EXPECT_EQ(window.y % 2, 0);
    EXPECT_GE(std::min(window.x, window.y), 0);
    EXPECT_LE(window.x + window.width, kWidth);
    EXPECT_LE(window.y + window.height, kHeight);
  }
}

TEST(LookBudgetTest, AResetForgetsWhatWasSaved) {
  LookBudget budget(4);
  EXPECT_EQ(budget.take(0.5, 1.0), 0);
  EXPECT_EQ(budget.take(0.5, 1.0), 1);
  EXPECT_EQ(budget.take(0.5, 1.0), 0);
  budget.reset();
  EXPECT_EQ(budget.take(0.5, 1.0), 0);
}

TEST(WindowTest, AFrameSmallerThanAWindowIsSeenWhole) {
  const Tile window = window_around({20, 30}, 40, 60);
  EXPECT_EQ(window.x, 0);
  EXPECT_EQ(window.y, 0);
  EXPECT_EQ(window.width, 40);
  EXPECT_EQ(window.height, 60);
}

}  // namespace
}  // namespace kilomark::tracking
