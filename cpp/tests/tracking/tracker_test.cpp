#include "kilomark/tracker.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "fake_scene.hpp"
#include "kilomark/error.hpp"

namespace kilomark::tracking {
namespace {

constexpr double kFrameS = 1.0 / 30.0;

class TrackerOnFake : public testing::Test {
 protected:
  TrackedFaces next() { return tracker_.update(scene_->image(), kFrameS * frame_++); }

  void restart(const TrackerOptions& options) {
    replacement_ = std::make_unique<Tracker>(scene_, FakeScene::layout(), options);
  }

  TrackedFaces next_of_replacement() {
    return replacement_->update(scene_->image(), kFrameS * frame_++);
  }

  std::shared_ptr<FakeScene> scene_ = std::make_shared<FakeScene>();
  Tracker tracker_{scene_, FakeScene::layout(), {}};
  std::unique_ptr<Tracker> replacement_;
  int frame_ = 0;
};

// RMS distance from the truth, px.
double error_of(const TrackedFaces& faces, std::size_t row, const FakeFace& truth) {
  const std::vector<Point> expected = FakeScene::landmarks_of(truth);
  double sum = 0.0;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const Point& p = faces.landmarks[row * expected.size() + k];
    sum += std::pow(p.x - expected[k].x, 2) + std::pow(p.y - expected[k].y, 2);
  }
  return std::sqrt(sum / static_cast<double>(expected.size()));
}

TEST_F(TrackerOnFake, KeepsTheIdAndCountsTheAge) {
  scene_->faces = {{{300, 200}}};
  for (int n = 0; n < 40; ++n) {
    const TrackedFaces faces = next();
    ASSERT_EQ(faces.ids, std::vector<std::int64_t>{1});
    EXPECT_EQ(faces.ages[0], n);
  }
  EXPECT_LE(scene_->num_looks, 4);  // the detector rests
}

TEST_F(TrackerOnFake, FollowsAFastFaceOfWhichTheDetectorSeesNothingMore) {
  scene_->faces = {{{100, 200}}};
  ASSERT_EQ(next().ids.size(), 1U);
  scene_->faces[0].score = 0.0F;
  for (int n = 0; n < 14; ++n) {
    scene_->faces[0].center.x += 25.0F;
    const TrackedFaces faces = next();
    ASSERT_EQ(faces.ids.size(), 1U) << "frame " << n;
    EXPECT_LT(error_of(faces, 0, scene_->faces[0]), 1.0);
  }
}

TEST_F(TrackerOnFake, VelocityIsInPixelsPerSecond) {
  scene_->faces = {{{100, 200}}};
  TrackedFaces faces;
  for (int n = 0; n < 30; ++n) {
    faces = next();
    scene_->faces[0].center.x += 4.0F;
  }
  EXPECT_NEAR(faces.velocities[0].x, 120.0F, 5.0F);
  EXPECT_NEAR(faces.velocities[0].y, 0.0F, 5.0F);
}

TEST_F(TrackerOnFake, SmoothsNoiseAtRest) {
  scene_->faces = {{{300, 200}}};
  scene_->noise_px = 0.1F;
  double smoothed = 0.0;
  double raw = 0.0;
  for (int n = 0; n < 90; ++n) {
    TrackedFaces faces = next();
    if (n >= 30) {
      smoothed += error_of(faces, 0, scene_->faces[0]);
      faces.landmarks = faces.raw_landmarks;
      raw += error_of(faces, 0, scene_->faces[0]);
    }
  }
  EXPECT_LT(smoothed, 0.5 * raw);
}

TEST_F(TrackerOnFake, SmoothingOfZeroReturnsTheRawLandmarks) {
  restart({.smoothing = 0.0});
  scene_->faces = {{{300, 200}}};
  scene_->noise_px = 0.5F;
  for (int n = 0; n < 5; ++n) {
    const TrackedFaces faces = next_of_replacement();
    for (std::size_t k = 0; k < faces.landmarks.size(); ++k) {
      EXPECT_EQ(faces.landmarks[k].x, faces.raw_landmarks[k].x);
      EXPECT_EQ(faces.landmarks[k].y, faces.raw_landmarks[k].y);
    }
  }
}

TEST_F(TrackerOnFake, AJumpIsFollowedAtOnceUnderTheSameId) {
  scene_->faces = {{{250, 200}}};
  for (int n = 0; n < 20; ++n) {
    (void)next();
  }
  scene_->faces[0].center.x += 45.0F;
  const TrackedFaces faces = next();
  ASSERT_EQ(faces.ids, std::vector<std::int64_t>{1});
  EXPECT_LT(error_of(faces, 0, scene_->faces[0]), 0.5);
}

TEST_F(TrackerOnFake, AMouthOpensWithoutLag) {
  scene_->faces = {{{300, 200}}};
  scene_->noise_px = 0.1F;
  for (int n = 0; n < 20; ++n) {
    (void)next();
  }
  for (int n = 0; n < 3; ++n) {
    scene_->faces[0].mouth += 0.1F;
    EXPECT_LT(error_of(next(), 0, scene_->faces[0]), 0.3);
  }
}

TEST_F(TrackerOnFake, ALostFaceComesBackUnderItsIdWithinASecond) {
  scene_->faces = {{{300, 200}}};
  (void)next();
  scene_->faces[0].is_hidden = true;
  for (int n = 0; n < 20; ++n) {
    EXPECT_TRUE(next().ids.empty());
  }
  scene_->faces[0].is_hidden = false;
  scene_->faces[0].center.x += 30.0F;
  std::vector<std::int64_t> ids;
  for (int n = 0; n < 2 && ids.empty(); ++n) {  // every second look is for the lost face
    ids = next().ids;
  }
  EXPECT_EQ(ids, std::vector<std::int64_t>{1});
}

TEST_F(TrackerOnFake, ALostFaceIsForgottenAfterASecond) {
  scene_->faces = {{{300, 200}}};
  (void)next();
  scene_->faces[0].is_hidden = true;
  for (int n = 0; n < 35; ++n) {
    (void)next();
  }
  scene_->faces[0].is_hidden = false;
  std::vector<std::int64_t> ids;
  for (int n = 0; n < 12 && ids.empty(); ++n) {  // every second frame, the whole frame or a tile
    ids = next().ids;
  }
  EXPECT_EQ(ids, std::vector<std::int64_t>{2});
}

TEST_F(TrackerOnFake, AFaceElsewhereIsAnotherFace) {
  scene_->faces = {{{100, 100}}};
  (void)next();
  scene_->faces[0].center = {500, 380};
  (void)next();
  EXPECT_EQ(next().ids, std::vector<std::int64_t>{2});
}

TEST_F(TrackerOnFake, CrossingFacesKeepTheirIds) {
  scene_->faces = {{{100, 200}}, {{500, 210}}};
  ASSERT_EQ(next().ids.size(), 2U);
  for (int n = 0; n < 45; ++n) {
    scene_->faces[0].center.x += 8.0F;
    scene_->faces[1].center.x -= 8.0F;
    // the one behind is hidden while the one in front covers it
    scene_->faces[0].is_hidden =
        std::abs(scene_->faces[0].center.x - scene_->faces[1].center.x) < 60.0F;
    (void)next();
  }
  const TrackedFaces faces = next();
  ASSERT_EQ(faces.ids, (std::vector<std::int64_t>{1, 2}));
  EXPECT_LT(error_of(faces, 0, scene_->faces[0]), 3.0);
  EXPECT_LT(error_of(faces, 1, scene_->faces[1]), 3.0);
}

TEST_F(TrackerOnFake, IdsEndAtASceneCut) {
  scene_->faces = {{{300, 200}}};
  for (int n = 0; n < 10; ++n) {
    (void)next();
  }
  scene_->change_scene(2);
  EXPECT_EQ(next().ids, std::vector<std::int64_t>{2});
}

TEST_F(TrackerOnFake, ADoubtfulFaceIsReturnedOnceItIsSeenTwice) {
  scene_->faces = {{{300, 200}}};
  scene_->faces[0].score = 0.55F;
  EXPECT_TRUE(next().ids.empty());
  EXPECT_EQ(next().ids, std::vector<std::int64_t>{1});
}

TEST_F(TrackerOnFake, AtMostMaxFacesAreFollowed) {
  restart({.max_faces = 1});
  scene_->faces = {{{100, 200}}, {{500, 210}}};
  for (int n = 0; n < 20; ++n) {
    EXPECT_EQ(next_of_replacement().ids.size(), 1U);
  }
}

TEST_F(TrackerOnFake, RepeatedTimeStampsMeasureAgain) {
  scene_->faces = {{{300, 200}}};
  (void)tracker_.update(scene_->image(), 1.0);
  const TrackedFaces faces = tracker_.update(scene_->image(), 1.0);
  ASSERT_EQ(faces.ids, std::vector<std::int64_t>{1});
  EXPECT_TRUE(std::isfinite(faces.velocities[0].x));
  EXPECT_LT(error_of(faces, 0, scene_->faces[0]), 0.1);
}

TEST_F(TrackerOnFake, TimeThatRunsBackOrLeapsBeginsANewScene) {
  scene_->faces = {{{300, 200}}};
  EXPECT_EQ(tracker_.update(scene_->image(), 1.0).ids[0], 1);
  EXPECT_EQ(tracker_.update(scene_->image(), 0.5).ids[0], 2);
  EXPECT_EQ(tracker_.update(scene_->image(), 0.6).ids[0], 2);
  EXPECT_EQ(tracker_.update(scene_->image(), 9.0).ids[0], 3);
}

// The times that FFmpeg gives for an AVI file with B-frames.
TEST_F(TrackerOnFake, TimesInTheOrderOfDecodingKeepTheIds) {
  scene_->faces = {{{300, 200}}};
  for (const double time_s : {0.042, 0.083, 0.125, 0.209, 0.167, 0.25, 0.334, 0.292, 0.375}) {
    scene_->faces[0].center.x += 3.0F;
    const TrackedFaces faces = tracker_.update(scene_->image(), time_s);
    ASSERT_EQ(faces.ids, std::vector<std::int64_t>{1});
    EXPECT_LT(error_of(faces, 0, scene_->faces[0]), 1.5);
  }
}

TEST_F(TrackerOnFake, UnevenTimeStampsGiveTheSameVelocity) {
  scene_->faces = {{{100, 200}}};
  double time_s = 0.0;
  TrackedFaces faces;
  for (int n = 0; n < 30; ++n) {
    faces = tracker_.update(scene_->image(), time_s);
    const double step_s = n % 3 == 0 ? 0.08 : 0.02;
    time_s += step_s;
    scene_->faces[0].center.x += static_cast<float>(100.0 * step_s);
  }
  EXPECT_NEAR(faces.velocities[0].x, 100.0F, 5.0F);
}

TEST_F(TrackerOnFake, ATimeStampThatIsNotFiniteIsRefused) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW((void)tracker_.update(scene_->image(), bad), Error);
  }
  EXPECT_NO_THROW((void)tracker_.update(scene_->image(), 0.0));
}

TEST_F(TrackerOnFake, TheSameInputAfterAResetGivesTheSameOutput) {
  const auto run = [&] {
    scene_->restart_noise();
    std::vector<Point> output;
    for (int n = 0; n < 20; ++n) {
      const TrackedFaces faces = tracker_.update(scene_->image(), kFrameS * n);
      EXPECT_EQ(faces.ids, std::vector<std::int64_t>{1});
      output.insert(output.end(), faces.landmarks.begin(), faces.landmarks.end());
    }
    return output;
  };
  scene_->faces = {{{300, 200}}};
  scene_->noise_px = 0.3F;
  const std::vector<Point> first = run();
  tracker_.reset();
  const std::vector<Point> second = run();
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].x, second[i].x);
    EXPECT_EQ(first[i].y, second[i].y);
  }
}

TEST(TrackerOptionsTest, OptionsOutOfRangeAreRefused) {
  const auto scene = std::make_shared<FakeScene>();
  for (const TrackerOptions& bad :
       {TrackerOptions{.smoothing = -1.0}, TrackerOptions{.memory_s = -1.0},
        TrackerOptions{.detect_every = 0}, TrackerOptions{.tiles = 9},
        TrackerOptions{.presence_threshold = 2.0F}}) {
    EXPECT_THROW(Tracker(scene, FakeScene::layout(), bad), Error);
  }
}

}  // namespace
}  // namespace kilomark::tracking
