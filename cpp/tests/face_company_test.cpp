#include "face_company.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace kilomark {
namespace {

RescoringRule rule_of(float company_weight, float loneliness) {
  RescoringRule rule;
  rule.company_weight = company_weight;
  rule.loneliness = loneliness;
  return rule;
}

// `count` faces of one size in a row, far apart.
std::vector<Box> row_of_faces(int count, float side_px) {
  std::vector<Box> boxes;
  for (int i = 0; i < count; ++i) {
    const float x = 3.0F * side_px * static_cast<float>(i);
    boxes.push_back({x, 0.0F, x + side_px, side_px});
  }
  return boxes;
}

std::vector<float> weighed(const RescoringRule& rule, const std::vector<Box>& boxes,
                           std::vector<float> scores) {
  std::vector<std::size_t> rows(boxes.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  weigh_company(rule, rows, boxes, scores);
  return scores;
}

TEST(FaceCompany, ASmallFaceAloneScoresLess) {
  // A smallness of 2: the odds fall by 2 squared.
  EXPECT_NEAR(weighed(rule_of(0.5F, std::log(2.0F)), row_of_faces(1, 10.0F), {0.5F})[0], 0.2F,
              1e-5F);
}

TEST(FaceCompany, AmongOthersOfItsSizeItScoresMore) {
  // Three sure faces make a company of ln 4. So the odds rise by exp(2 * (2 ln 4 - ln 4)).
  const float score =
      weighed(rule_of(2.0F, std::log(4.0F)), row_of_faces(4, 10.0F), {0.5F, 1.0F, 1.0F, 1.0F})[0];
  EXPECT_NEAR(score, 16.0F / 17.0F, 1e-5F);
}

TEST(FaceCompany, UnlikelyAndUnlikeFacesAreNoCompany) {
  const RescoringRule rule = rule_of(1.0F, 0.0F);
  EXPECT_NEAR(weighed(rule, row_of_faces(2, 10.0F), {0.5F, 0.0F})[0], 0.5F, 1e-6F);
  const std::vector<Box> of_two_sizes{{0, 0, 10, 10}, {100, 0, 130, 30}};
  EXPECT_NEAR(weighed(rule, of_two_sizes, {0.5F, 1.0F})[0], 0.5F, 1e-6F);
}

TEST(FaceCompany, BoxesInOnePlaceAreNoCompany) {
  const std::vector<Box> boxes{{0, 0, 10, 10}, {4, 0, 14, 10}};
  EXPECT_NEAR(weighed(rule_of(1.0F, 0.0F), boxes, {0.5F, 1.0F})[0], 0.5F, 1e-6F);
}

TEST(FaceCompany, RowsThatAreLeftOutKeepTheirScoresAndAreNoCompany) {
  std::vector<float> scores{1.0F, 0.5F, 1.0F};
  weigh_company(rule_of(1.0F, std::log(2.0F)), std::vector<std::size_t>{1}, row_of_faces(3, 10.0F),
                scores);
  EXPECT_EQ(scores[0], 1.0F);
  EXPECT_NEAR(scores[1], 0.2F, 1e-5F);
  EXPECT_EQ(scores[2], 1.0F);
}

TEST(FaceCompany, LargeFacesKeepTheirScores) {
  const std::vector<float> scores{0.3F, 0.9F, 0.6F};
  EXPECT_EQ(weighed(rule_of(1.0F, 1.0F), row_of_faces(3, 40.0F), scores), scores);
}

TEST(FaceCompany, WithoutWeightsEveryScoreStays) {
  const std::vector<float> scores{0.3F, 0.9F, 0.6F};
  EXPECT_EQ(weighed(RescoringRule(), row_of_faces(3, 10.0F), scores), scores);
}

TEST(FaceCompany, ScoresStayScores) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> scores =
      weighed(rule_of(1.0F, 1.0F), row_of_faces(4, 10.0F), {1.0F, 0.0F, nan, 0.5F});
  EXPECT_EQ(scores[0], 1.0F);
  EXPECT_EQ(scores[1], 0.0F);
  EXPECT_TRUE(std::isnan(scores[2]));
  EXPECT_GT(scores[3], 0.0F);
  EXPECT_LT(scores[3], 1.0F);
}

TEST(FaceCompany, BoxesOfNoSizeAreTheSmallestFaces) {
  const std::vector<Box> points{{0, 0, 0, 0}, {100, 0, 100, 0}};
  EXPECT_GT(weighed(rule_of(1.0F, 0.0F), points, {0.5F, 1.0F})[0], 0.5F);
}

}  // namespace
}  // namespace kilomark
