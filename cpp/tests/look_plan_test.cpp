#include "look_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

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
      for (std::size_t look = 0; look < std::size(kZooms); ++look) {
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

TEST(LookPlan, AnInputHoldsItsImage) {
  const ImageView image{nullptr, 1600, 900, 1600, PixelFormat::kGray};
  const Look sized = sized_look(image, 640, step_of_size(640, kStep));
  EXPECT_EQ(sized.width, 640);
  EXPECT_EQ(sized.height, 384);  // 360 px
}

}  // namespace
}  // namespace kilomark
