#include "finder_views.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace kilomark {
namespace {

constexpr int kSide = 256;
const NetworkInput kSquare{kSide, kSide, ChannelOrder::kRgb, {}, {1.0F, 1.0F, 1.0F}};

// Left and top edge, and side, in image pixels.
struct Square {
  float x = 0.0F;
  float y = 0.0F;
  double side = 0.0;
};

Square square_of(const Crop& view) {
  const Point corner = view.to_image({0.0F, 0.0F});
  return {corner.x, corner.y, view.scale() * kSide};
}

TEST(FinderViews, WithoutTilesIsTheWholeImage) {
  const std::vector<Crop> views = finder_views(640, 480, kSquare, 1);
  ASSERT_EQ(views.size(), 1U);
  EXPECT_DOUBLE_EQ(views[0].scale(), 2.5);
}

TEST(FinderViews, AreTheWholeThenRowsOfTiles) {
  const std::vector<Crop> views = finder_views(700, 700, kSquare, 2);
  ASSERT_EQ(views.size(), 5U);
  EXPECT_DOUBLE_EQ(views[0].scale() * kSide, 700.0);
  for (std::size_t i = 1; i < 5; ++i) {
    const Square tile = square_of(views[i]);
    EXPECT_NEAR(tile.side, 400.0, 1e-9);
    EXPECT_NEAR(tile.x, i % 2 == 1 ? 0.0F : 300.0F, 1e-3F);
    EXPECT_NEAR(tile.y, i <= 2 ? 0.0F : 300.0F, 1e-3F);
  }
}

TEST(FinderViews, AreAsManyAlongTheShorterSideAsCoverIt) {
  EXPECT_EQ(finder_views(1920, 1080, kSquare, 2).size(), 1U + 2U);
  EXPECT_EQ(finder_views(640, 480, kSquare, 2).size(), 1U + 4U);
  EXPECT_EQ(finder_views(480, 640, kSquare, 2).size(), 1U + 4U);
  EXPECT_EQ(finder_views(4000, 10, kSquare, 8).size(), 1U + 8U);
}

// Whatever the image, a face of less than a quarter of a tile's side lies in one of them, uncut.
TEST(FinderViews, ShowAllOfTheImageWithAQuarterToSpare) {
  constexpr double kRounding = 1e-3;
  for (const auto& [width, height] : {std::pair{1280, 720}, {333, 977}, {100, 100}, {64, 2000}}) {
    for (int tiles = 2; tiles <= 8; ++tiles) {
      const std::vector<Crop> views = finder_views(width, height, kSquare, tiles);
      const double face = 0.24 * views[1].scale() * kSide;
      for (double x = 0.0; x + face <= width; x += face / 3.0) {
        for (double y = 0.0; y + face <= height; y += face / 3.0) {
          EXPECT_TRUE(std::any_of(views.begin() + 1, views.end(),
                                  [&](const Crop& view) {
                                    const Square tile = square_of(view);
                                    const double right = tile.x + tile.side + kRounding;
                                    const double bottom = tile.y + tile.side + kRounding;
                                    return tile.x <= x + kRounding && tile.y <= y + kRounding &&
                                           x + face <= right && y + face <= bottom;
                                  }))
              << width << " x " << height << ", " << tiles << " tiles, face at " << x << ", " << y;
        }
      }
    }
  }
}

TEST(FinderViews, OfAnImageTooSmallToBeCutAreTheWhole) {
  const NetworkInput large{4096, 4096, ChannelOrder::kRgb, {}, {1.0F, 1.0F, 1.0F}};
  EXPECT_EQ(finder_views(1, 1, large, 8).size(), 1U);
  EXPECT_EQ(finder_views(1, 1, kSquare, 8).size(), 65U);
}

}  // namespace
}  // namespace kilomark
