#include "face_decoding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "face_selection.hpp"

namespace kilomark {
namespace {

// One stride of 32 over 64 x 64: four cells, centered at 16 and 48.
class FaceDecoding : public testing::Test {
 protected:
  [[nodiscard]] std::vector<FoundFace> decode(const DetectOptions& options) const {
    const FinderGrid grid{64, 64, strides_};
    const std::vector<std::uint8_t> pixels(64 * 64 * 3);
    const ImageView image{pixels.data(), 64, 64, 64 * 3, PixelFormat::kBgr};
    return merge_cells(
        decode_cells({scores_, distances_, keypoints_}, grid, Crop::letterbox(64, 64, 64, 64),
                     image, options.score_threshold),
        options);
  }

  std::vector<int> strides_ = {32};
  std::vector<float> scores_ = {0.9F, 0.1F, 0.2F, 0.8F};
  std::vector<float> distances_ = std::vector<float>(4 * 4, 10.0F);
  std::vector<float> keypoints_ = std::vector<float>(4 * 10, 1.0F);
};

TEST_F(FaceDecoding, ReadsBoxesAroundTheirCells) {
  const std::vector<FoundFace> faces = decode({});
  ASSERT_EQ(faces.size(), 2U);
  EXPECT_FLOAT_EQ(faces[0].score, 0.9F);
  EXPECT_FLOAT_EQ(faces[0].box.x0, 6.0F);
  EXPECT_FLOAT_EQ(faces[0].box.y1, 26.0F);
  EXPECT_FLOAT_EQ(faces[1].box.x0, 38.0F);
  EXPECT_FLOAT_EQ(faces[1].keypoints[0].x, 49.0F);
}

TEST_F(FaceDecoding, MakesOneFaceOfTwoThatOverlap) {
  distances_ = {10, 10, 42, 42, 1, 1, 1, 1, 1, 1, 1, 1, 42, 42, 10, 27};
  keypoints_[30] = 18.0F;  // the lesser one's right eye is at 66, the better one's at 17
  const std::vector<FoundFace> faces = decode({});
  ASSERT_EQ(faces.size(), 1U);
  EXPECT_FLOAT_EQ(faces[0].score, 0.9F);
  EXPECT_FLOAT_EQ(faces[0].box.x0, 6.0F);
  EXPECT_FLOAT_EQ(faces[0].box.y1, 58.0F + 17.0F * 0.8F / 1.7F);
  EXPECT_FLOAT_EQ(faces[0].keypoints[0].x, 17.0F + 49.0F * 0.8F / 1.7F);
}

TEST_F(FaceDecoding, TakesNoPartOfAFaceForAFace) {
  distances_ = {10, 10, 44, 44, 1, 1, 1, 1, 1, 1, 1, 1, 20, 20, 10, 10};
  ASSERT_EQ(decode({}).size(), 1U);  // 28 to 58 lies in 6 to 60
  EXPECT_FLOAT_EQ(decode({})[0].box.y1, 60.0F);

  scores_ = {0.8F, 0.1F, 0.2F, 0.9F};
  EXPECT_EQ(decode({}).size(), 2U);  // a whole face is not dropped for a part of it
}

TEST_F(FaceDecoding, KeepsAFaceThatReachesOutOfAnother) {
  distances_ = {10, 10, 36, 36, 1, 1, 1, 1, 1, 1, 1, 1, 14, 14, 14, 14};
  EXPECT_EQ(decode({}).size(), 2U);  // 34 to 62, of which 34 to 52 lies in 6 to 52
}

TEST_F(FaceDecoding, LeavesNonsenseOutOfTheMean) {
  distances_ = {10, 10, 42, 42, 1, 1, 1, 1, 1, 1, 1, 1, 42, 42, 10, 27};
  keypoints_[35] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<FoundFace> faces = decode({});
  ASSERT_EQ(faces.size(), 1U);
  EXPECT_FLOAT_EQ(faces[0].box.y1, 58.0F);
  EXPECT_FLOAT_EQ(faces[0].keypoints[0].x, 17.0F);
}

TEST_F(FaceDecoding, MakesOneFaceOfScoresOfZero) {
  scores_ = {0, 0, 0, 0};
  distances_ = {10, 10, 42, 42, 1, 1, 1, 1, 1, 1, 1, 1, 42, 42, 10, 27};
  const std::vector<FoundFace> faces = decode({.score_threshold = 0.0F});
  ASSERT_EQ(faces.size(), 1U);
  EXPECT_FLOAT_EQ(faces[0].box.y1, 58.0F);
}

TEST_F(FaceDecoding, LeavesWhatAViewCutsOffToAnotherView) {
  const std::vector<std::uint8_t> pixels(256 * 256);
  const ImageView image{pixels.data(), 256, 256, 256, PixelFormat::kGray};
  const FinderGrid grid{64, 64, strides_};
  const auto count_in_view_around = [&](float x, float y) {
    const Crop view = Crop::around({x, y}, 64.0, 0.0, 64, 64);
    return decode_cells({scores_, distances_, keypoints_}, grid, view, image, 0.5F).size();
  };
  EXPECT_EQ(count_in_view_around(100.0F, 100.0F), 2U);
  distances_[0] = 17.0F;  // the first cell's box goes beyond the view's left edge
  EXPECT_EQ(count_in_view_around(100.0F, 100.0F), 1U);
  EXPECT_EQ(count_in_view_around(32.0F, 100.0F), 2U);  // which is the image's here
  distances_[15] = 17.0F;                              // the last cell's box beyond the lower edge
  EXPECT_EQ(count_in_view_around(32.0F, 100.0F), 1U);
  EXPECT_EQ(count_in_view_around(32.0F, 256.0F - 32.0F), 2U);
}

TEST_F(FaceDecoding, KeepsAtMostSoMany) {
  DetectOptions options;
  options.max_faces = 1;
  EXPECT_EQ(decode(options).size(), 1U);
  distances_ = {10, 10, 42, 42, 1, 1, 1, 1, 1, 1, 1, 1, 42, 42, 10, 27};
  ASSERT_EQ(decode(options).size(), 1U);
  EXPECT_GT(decode(options)[0].box.y1, 60.0F);  // the second cell counts though no face is added
}

TEST_F(FaceDecoding, TakesNoNonsenseForAFace) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> good = distances_;
  for (const float bad : {kNan, kInfinity, -kInfinity, -10.0F, -30.0F, 1e6F}) {
    distances_ = good;
    std::fill_n(distances_.begin(), 4, bad);  // of the best cell
    const std::vector<FoundFace> faces = decode({});
    ASSERT_EQ(faces.size(), 1U) << bad;
    EXPECT_FLOAT_EQ(faces[0].score, 0.8F);
  }
  distances_ = good;
  scores_ = {kNan, kNan, -kInfinity, kNan};
  EXPECT_TRUE(decode({}).empty());
}

TEST_F(FaceDecoding, ThresholdsOfZeroAndOneKeepAllThatIsApart) {
  EXPECT_EQ(decode({.score_threshold = 0.0F, .nms_iou = 1.0F}).size(), 4U);
  EXPECT_TRUE(decode({.score_threshold = 1.0F}).empty());
}

// A face in profile to its left, whose eyes coincide, turned by an angle.
std::array<Point, kNumKeypoints> profile(double angle_deg) {
  constexpr Point kProfile[] = {
      {0.0F, -1.0F}, {0.0F, -1.0F}, {1.0F, 0.0F}, {0.2F, 1.0F}, {0.2F, 1.0F}};
  const double turn = angle_deg * std::numbers::pi / 180.0;
  std::array<Point, kNumKeypoints> points;
  for (std::size_t k = 0; k < kNumKeypoints; ++k) {
    const auto [x, y] = kProfile[k];
    points[k] = {static_cast<float>(50.0 + x * std::cos(turn) - y * std::sin(turn)),
                 static_cast<float>(20.0 + x * std::sin(turn) + y * std::cos(turn))};
  }
  return points;
}

TEST(KeypointAngle, IsRightInProfileAtEveryAngle) {
  for (int angle_deg = -180; angle_deg < 180; angle_deg += 15) {
    const double error = std::remainder(keypoint_angle_deg(profile(angle_deg)) - angle_deg, 360.0);
    EXPECT_NEAR(error, 0.0, 15.0) << angle_deg;
  }
}

TEST(KeypointAngle, IsZeroIfUnknown) {
  std::array<Point, kNumKeypoints> points = profile(90.0);
  points[3].x = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(keypoint_angle_deg(points), 0.0);
  EXPECT_EQ(keypoint_angle_deg({}), 0.0);
}

TEST(IntersectionOverUnion, OfKnownBoxes) {
  const Box box{0.0F, 0.0F, 10.0F, 10.0F};
  EXPECT_FLOAT_EQ(intersection_over_union(box, box), 1.0F);
  EXPECT_FLOAT_EQ(intersection_over_union(box, {0.0F, 0.0F, 10.0F, 5.0F}), 0.5F);
  EXPECT_FLOAT_EQ(intersection_over_union(box, {20.0F, 0.0F, 30.0F, 5.0F}), 0.0F);
}

}  // namespace
}  // namespace kilomark
