#include "tracking/finder_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace kilomark::tracking {
namespace {

int looks(FinderSchedule& schedule, const SceneState& state, int frames) {
  int count = 0;
  for (int n = 0; n < frames; ++n) {
    count += schedule.next(640, 480, state).has_value() ? 1 : 0;
  }
  return count;
}

Point center_of(const Tile& tile) {
  return {static_cast<float>(tile.x + tile.width / 2),
          static_cast<float>(tile.y + tile.height / 2)};
}

TEST(FinderScheduleTest, TilesCoverTheFrameAndLieWithinIt) {
  for (const auto& [width, height] : {std::pair{640, 480}, {1920, 1080}, {481, 3000}, {7, 5}}) {
    for (const int tiles : {0, 2, 3, 8}) {
      std::vector<char> covered(static_cast<std::size_t>(width * height), 0);
      for (const Tile& tile : tiles_of(width, height, tiles)) {
        ASSERT_GE(tile.x, 0);
        ASSERT_GE(tile.y, 0);
        ASSERT_LE(tile.x + tile.width, width);
        ASSERT_LE(tile.y + tile.height, height);
        for (int y = tile.y; y < tile.y + tile.height; ++y) {
          for (int x = tile.x; x < tile.x + tile.width; ++x) {
            covered[static_cast<std::size_t>(y * width + x)] = 1;
          }
        }
      }
      const bool has_tiles = !tiles_of(width, height, tiles).empty();
      EXPECT_EQ(std::ranges::count(covered, 0), has_tiles ? 0 : width * height);
    }
  }
}

TEST(FinderScheduleTest, TilesOfACameraFrameHaveItsShape) {
  for (const Tile& tile : tiles_of(640, 480, 0)) {
    EXPECT_NEAR(static_cast<double>(tile.width) / tile.height, 640.0 / 480.0, 0.01);
  }
}

TEST(FinderScheduleTest, TilesOverlapByAQuarter) {
  const std::vector<Tile> tiles = tiles_of(1280, 720, 0);
  ASSERT_EQ(tiles.size(), 12U);  // 4 x 3
  EXPECT_NEAR(tiles[0].x + tiles[0].width - tiles[1].x, 0.25 * tiles[0].width, 4);
  EXPECT_NEAR(tiles[0].y + tiles[0].height - tiles[4].y, 0.25 * tiles[0].height, 4);
}

TEST(FinderScheduleTest, APartBorrowsThePixelsOfItsTile) {
  const std::vector<std::uint8_t> pixels(40 * 30 * 3);
  const ImageView image{pixels.data(), 40, 30, 120, PixelFormat::kBgr};
  const ImageView part = part_of(image, {10, 4, 20, 16});
  EXPECT_EQ(part.pixels - pixels.data(), 4 * 120 + 10 * 3);
  EXPECT_EQ(part.width, 20);
  EXPECT_EQ(part.height, 16);
  EXPECT_EQ(part.row_stride_bytes, 120);
}

TEST(FinderScheduleTest, OneCalmFaceIsLookedAtEveryNthFrame) {
  FinderSchedule schedule(15, 0);
  EXPECT_EQ(looks(schedule, {.num_faces = 1}, 150), 10);
}

TEST(FinderScheduleTest, WithoutAFaceEveryFrameThenEverySecond) {
  FinderSchedule schedule(15, 0);
  EXPECT_EQ(looks(schedule, {}, 30), 30);
  EXPECT_EQ(looks(schedule, {}, 30), 15);
}

TEST(FinderScheduleTest, CrowdsAndWeakFacesEverySecondOnceAllTilesWereSeen) {
  const int tiles = static_cast<int>(tiles_of(640, 480, 0).size());
  for (const SceneState& state :
       {SceneState{.num_faces = 9}, SceneState{.num_faces = 1, .needs_care = true}}) {
    FinderSchedule schedule(15, 0);
    EXPECT_EQ(looks(schedule, state, tiles + 1), tiles + 1);
    EXPECT_EQ(looks(schedule, state, 30), 15);
  }
}

TEST(FinderScheduleTest, ACrowdIsSeenInAllTilesInTurn) {
  FinderSchedule schedule(15, 0);
  const std::vector<Tile> tiles = tiles_of(640, 480, 0);
  std::vector<int> seen(tiles.size(), 0);
  for (int n = 0; n < 3 * (static_cast<int>(tiles.size()) + 1); ++n) {
    const std::optional<Tile> look = schedule.next(640, 480, {.num_faces = 9});
    for (std::size_t i = 0; look && i < tiles.size(); ++i) {
      seen[i] += look->x == tiles[i].x && look->y == tiles[i].y && look->width != 640 ? 1 : 0;
    }
  }
  for (const int count : seen) {
    EXPECT_EQ(count, 2);
  }
}

// The face is at the center of the last tile, which comes last in turn.
TEST(FinderScheduleTest, ALostFaceIsLookedForWhereItWas) {
  FinderSchedule schedule(15, 0);
  const std::vector<Tile> tiles = tiles_of(1280, 720, 0);
  const Tile& last = tiles.back();
  const SceneState state{.num_faces = 1,
                         .needs_care = true,
                         .frames_since_loss = 20,
                         .lost_places = {{center_of(last), true}}};
  std::vector<Tile> looks;
  for (int n = 0; n < 40; ++n) {
    if (const std::optional<Tile> look = schedule.next(1280, 720, state)) {
      looks.push_back(*look);
    }
  }
  const auto is_last = [&](const Tile& tile) { return tile.x == last.x && tile.y == last.y; };
  EXPECT_TRUE(std::any_of(looks.begin(), looks.begin() + 2, is_last));
  EXPECT_GE(std::ranges::count_if(looks, is_last), 5);
  EXPECT_TRUE(std::ranges::any_of(
      looks, [&](const Tile& tile) { return tile.x == tiles[5].x && tile.y == tiles[5].y; }));
}

// The other tiles come in turn meanwhile.
TEST(FinderScheduleTest, ATentativeFaceOfATileIsLookedForInItsTile) {
  FinderSchedule schedule(15, 0);
  const std::vector<Tile> tiles = tiles_of(1280, 720, 0);
  const Tile& last = tiles.back();
  const SceneState state{.num_faces = 1, .tentative_places = {{center_of(last), true}}};
  int at_last = 0;
  int elsewhere = 0;
  for (int n = 0; n < 12; ++n) {
    const std::optional<Tile> look = schedule.next(1280, 720, state);
    ASSERT_TRUE(look.has_value());
    const bool is_last = look->x == last.x && look->y == last.y;
    at_last += is_last ? 1 : 0;
    elsewhere += is_last ? 0 : 1;
  }
  EXPECT_GE(at_last, 6);
  EXPECT_GE(elsewhere, 5);
}

TEST(FinderScheduleTest, ALargeLostFaceIsLookedForInTheWholeFrame) {
  FinderSchedule schedule(15, 0);
  const SceneState state{.num_faces = 1,
                         .needs_care = true,
                         .frames_since_loss = 20,
                         .lost_places = {{{640, 360}, false}}};
  int at_whole = 0;
  for (int n = 0; n < 24; ++n) {
    const std::optional<Tile> look = schedule.next(1280, 720, state);
    at_whole += look && look->width == 1280 ? 1 : 0;
  }
  EXPECT_GE(at_whole, 8);
}

TEST(FinderScheduleTest, NoLostFaceWaitsForAnother) {
  FinderSchedule schedule(15, 0);
  const std::vector<Tile> tiles = tiles_of(1280, 720, 0);
  SceneState state{.num_faces = 4, .needs_care = true, .frames_since_loss = 20};
  const std::vector<std::size_t> lost{1, 6, 10};
  for (const std::size_t i : lost) {
    state.lost_places.push_back({center_of(tiles[i]), true});
  }
  std::vector<int> seen(tiles.size(), 0);
  for (int n = 0; n < 60; ++n) {
    std::ranges::rotate(state.lost_places, state.lost_places.begin() + n % 2);
    const std::optional<Tile> look = schedule.next(1280, 720, state);
    for (std::size_t i = 0; look && i < tiles.size(); ++i) {
      seen[i] += look->x == tiles[i].x && look->y == tiles[i].y && look->width != 1280 ? 1 : 0;
    }
  }
  for (const std::size_t i : lost) {
    EXPECT_GE(seen[i], 5);
  }
}

TEST(FinderScheduleTest, AnAlarmIsAnsweredAtOnceWithTheWholeFrame) {
  FinderSchedule schedule(15, 0);
  (void)looks(schedule, {.num_faces = 1}, 5);
  const std::optional<Tile> look = schedule.next(640, 480, {.num_faces = 1, .needs_look = true});
  ASSERT_TRUE(look.has_value());
  EXPECT_EQ(look->width, 640);
}

}  // namespace
}  // namespace kilomark::tracking
