#include "face_selection.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kilomark {
namespace {

const RescoringRule kRule;
constexpr float kSmallPx = 20.0F;

TEST(FaceSelection, RescoresFromANinthOfTheOddsAskedFor) {
  const auto lowest = [](float score_threshold) {
    return candidate_threshold({.score_threshold = score_threshold, .rescoring = true}, kRule);
  };
  EXPECT_NEAR(lowest(0.5F), 0.1F, 1e-6F);  // odds of 1 to 1, and 1 to 9
  EXPECT_NEAR(lowest(0.9F), 0.5F, 1e-6F);
  EXPECT_EQ(lowest(0.0F), 0.0F);
  EXPECT_EQ(lowest(1.0F), 1.0F);
  EXPECT_EQ(candidate_threshold({.score_threshold = 0.3F}, kRule), 0.3F);
}

TEST(FaceSelection, AddsHalfTheLogOddsOfThePresenceBeyondNineToOne) {
  EXPECT_NEAR(rescore(kRule, 0.3F, 0.9F, kSmallPx), 0.3F, 1e-6F);
  // Odds of 1 to 9 times the root of 729 / 9.
  EXPECT_NEAR(rescore(kRule, 0.1F, 729.0F / 730.0F, kSmallPx), 0.5F, 1e-4F);
  EXPECT_NEAR(rescore(kRule, 0.9F, 1.0F / 10.0F, kSmallPx), 0.5F, 1e-5F);
}

TEST(FaceSelection, RescoresByTheConstantsOfTheFinder) {
  const RescoringRule rule{0.5F, 2.0F, 0.5F, -1.0F, 0.1F};
  // 0.5 log(9) + 2 log(3) - 1
  EXPECT_NEAR(rescore(rule, 0.9F, 0.75F, kSmallPx), 27.0F / (27.0F + std::exp(1.0F)), 1e-5F);
}

TEST(FaceSelection, LargeFacesAreJudgedByConstantsOfTheirOwn) {
  RescoringRule rule{1.0F, 0.0F, 0.5F, 0.0F, 0.1F};
  rule.large_presence_weight = 1.0F;
  rule.large_offset = -std::log(12.0F);
  EXPECT_NEAR(rescore(rule, 0.5F, 0.75F, 30.0F), 0.5F, 1e-6F);
  EXPECT_NEAR(rescore(rule, 0.5F, 0.75F, 60.0F), 0.2F, 1e-6F);  // odds of 3 / 12
  EXPECT_NEAR(rescore(rule, 0.5F, 0.75F, 500.0F), 0.2F, 1e-6F);
  EXPECT_NEAR(rescore(rule, 0.5F, 0.75F, 30.0F * std::sqrt(2.0F)), 1.0F / 3.0F, 1e-6F);
}

TEST(FaceSelection, RescoringSaturatesWithThePresence) {
  // The root of 9999 / 9, over 9.
  EXPECT_NEAR(rescore(kRule, 0.1F, 1.0F, kSmallPx), 100.0F / 127.0F, 1e-3F);
  EXPECT_NEAR(rescore(kRule, 0.9F, 0.0F, kSmallPx), 3.0F / 103.0F, 1e-3F);
  EXPECT_EQ(rescore(kRule, 1.0F, 0.0F, kSmallPx), 1.0F);
  EXPECT_EQ(rescore(kRule, 0.0F, 1.0F, kSmallPx), 0.0F);
}

TEST(FaceSelection, GivesNoScoreWithoutAPresence) {
  EXPECT_TRUE(std::isnan(rescore(kRule, 0.9F, std::numeric_limits<float>::quiet_NaN(), kSmallPx)));
}

TEST(FaceSelection, ChoosesBestFirstByBothThresholds) {
  const std::vector<float> scores{0.6F, 0.9F, 0.4F, std::nanf(""), 0.8F};
  const std::vector<float> presence{0.9F, 0.6F, 0.9F, 0.9F, 0.1F};
  EXPECT_EQ(choose_faces(scores, presence, {}), (std::vector<std::size_t>{1, 0}));
}

TEST(FaceSelection, ChoosesAmongTheGivenRows) {
  const std::vector<float> scores{0.9F, 0.6F, 0.8F, 0.6F, 0.4F};
  const std::vector<float> presence(scores.size(), 0.9F);
  EXPECT_EQ(choose_faces({4, 3, 1, 2}, scores, presence, {}), (std::vector<std::size_t>{2, 3, 1}));
}

TEST(FaceSelection, DropsDuplicatesOfBetterFaces) {
  const std::vector<Box> boxes{{0, 0, 10, 10}, {1, 0, 11, 10}, {20, 0, 30, 10}};
  const std::vector<std::size_t> best_first{1, 0, 2};
  EXPECT_EQ(drop_duplicates(best_first, boxes, 0.5F), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(drop_duplicates(best_first, boxes, 0.9F), best_first);
}

FoundFace face_of_score(float score) {
  FoundFace face;
  face.score = score;
  return face;
}

std::size_t left_of(std::vector<FoundFace> faces, bool rescoring = true) {
  DetectOptions options;
  options.score_threshold = 0.5F;
  options.rescoring = rescoring;
  drop_weak_candidates(faces, options);
  return faces.size();
}

TEST(Portraits, KeepOnlyLikelyCandidatesBesideTheOneSureFace) {
  EXPECT_EQ(left_of({face_of_score(0.99F), face_of_score(0.4F), face_of_score(0.2F)}), 2U);
}

TEST(Portraits, AreNotPhotosOfTwoOrWithoutASureFace) {
  EXPECT_EQ(left_of({face_of_score(0.99F), face_of_score(0.6F), face_of_score(0.2F)}), 3U);
  EXPECT_EQ(left_of({face_of_score(0.9F), face_of_score(0.2F)}), 2U);
  EXPECT_EQ(left_of({face_of_score(0.99F), face_of_score(0.2F)}, false), 2U);
  EXPECT_EQ(left_of({}), 0U);
}

}  // namespace
}  // namespace kilomark
