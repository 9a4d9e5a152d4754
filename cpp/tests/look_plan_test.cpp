#include "look_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>
#include <vector>

namespace kilomark {
namespace {

constexpr int kStep = 32;

TEST(LookPlan, LargerLooksHaveCoarserSteps) {
  EXPECT_EQ(step_of_size(256, kStep), 32);
  EXPECT_EQ(step_of_size(320, kStep), 32);
  EXPECT_EQ(step_of_size(640, kStep), 64);
  EXPECT_EQ(step_of_size(1280, kStep), 128);
}

TEST(LookPlan, ImagesOfManySizesAreSeenInFewShapes) {
  std::set<std::pair<int, int>> shapes;
  std::set<std::pair<int, int>> fine_shapes;
  for (int width = 200; width <= 1600; width += 7) {
    for (int height = 200; height <= 1600; height += 7) {
      const ImageView image{nullptr, width, height, 1600, PixelFormat::kGray};
      for (std::size_t look = 0; look <= std::size(kLookSizes); ++look) {
        const int size = look_size(look, image, 256);
        if (size == 0) {
          continue;
        }
        const Look sized = sized_look(image, size, step_of_size(size, kStep));
        shapes.emplace(sized.width, sized.height);
        const Look fine = sized_look(image, size, kStep);
        fine_shapes.emplace(fine.width, fine.height);
      }
    }
  }
  EXPECT_LT(3 * shapes.size(), fine_shapes.size());
}

// All looks at an image whose longer side is `longer`.
std::vector<int> look_sizes(int longer, int first) {
  const ImageView image{nullptr, longer, longer / 2, longer, PixelFormat::kGray};
  std::vector<int> sizes;
  for (std::size_t look = 0; look_size(look, image, first) > 0; ++look) {
    sizes.push_back(look_size(look, image, first));
  }
  return sizes;
}

TEST(LookPlan, LooksGrowUpToTheImageEnlarged) {
  EXPECT_EQ(look_sizes(200, 256), (std::vector{256}));
  EXPECT_EQ(look_sizes(400, 256), (std::vector{256, 640, 960}));
  EXPECT_EQ(look_sizes(400, 320), (std::vector{320, 640, 960}));
  EXPECT_EQ(look_sizes(4000, 256), (std::vector{256, 640, 1280, 2048}));
  EXPECT_EQ(look_sizes(4000, 640), (std::vector{640, 1280, 2048}));
  EXPECT_EQ(look_sizes(4000, 100), (std::vector{100, 250, 625, 1280, 2048}));
}

// Whether a look of 256 px at an image of 1024 px is followed by another one.
bool is_seen_again(std::initializer_list<std::pair<float, float>> sides_and_scores) {
  const ImageView image{nullptr, 1024, 768, 1024, PixelFormat::kGray};
  std::vector<FoundFace> found;
  for (const auto& [side, score] : sides_and_scores) {
    const auto x = 200.0F * static_cast<float>(found.size());
    FoundFace face;
    face.box = {x, 0.0F, x + side, side};
    face.score = score;
    found.push_back(face);
  }
  return should_look_again(found, 256, image, {});
}

TEST(LookPlan, SmallFacesAreLookedAtWhereTheirScoresAddUp) {
  EXPECT_FALSE(is_seen_again({{180.0F, 0.9F}}));
  EXPECT_FALSE(is_seen_again({{180.0F, 0.9F}, {150.0F, 0.3F}, {150.0F, 0.3F}}));
  EXPECT_FALSE(is_seen_again({{180.0F, 0.9F}, {40.0F, 0.3F}}));
  EXPECT_TRUE(is_seen_again({{180.0F, 0.9F}, {40.0F, 0.3F}, {40.0F, 0.2F}}));
  EXPECT_TRUE(is_seen_again({{180.0F, 0.9F}, {40.0F, 0.6F}}));
}

TEST(LookPlan, ManyFacesAreLookedAtAgain) {
  EXPECT_TRUE(is_seen_again(
      {{180.0F, 0.9F}, {180.0F, 0.9F}, {180.0F, 0.9F}, {180.0F, 0.9F}, {180.0F, 0.2F}}));
}

TEST(LookPlan, AnImageWithoutFacesIsNotSeenAtTheHighestZoom) {
  const ImageView image{nullptr, 4000, 3000, 4000, PixelFormat::kGray};
  EXPECT_TRUE(should_look_again({}, 640, image, {}));
  EXPECT_FALSE(should_look_again({}, 1280, image, {}));
}

TEST(LookPlan, AnInputHoldsItsImage) {
  const ImageView image{nullptr, 1600, 900, 1600, PixelFormat::kGray};
  const Look sized = sized_look(image, 640, step_of_size(640, kStep));
  EXPECT_EQ(sized.width, 640);
  EXPECT_EQ(sized.height, 384);  // 360 px
}

}  // namespace
}  // namespace kilomark
