#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "fake_scene.hpp"
#include "kilomark/tracker.hpp"

namespace kilomark::tracking {
namespace {

constexpr double kFrameS = 1.0 / 25.0;
constexpr int kRoundFrames = 50;  // in which all tiles are searched, and a face is made sure of

// A face of 8 px, of which the landmark network is not sure.
FakeFace tiny_face(float x, float y) {
  return {.center = {x, y}, .side = 8.0F, .score = 0.0F, .close_score = 0.9F, .presence = 0.1F};
}

class TinyFaces : public testing::Test {
 protected:
  TrackedFaces next() { return tracker_.update(scene_->image(), kFrameS * frame_++); }

  TrackedFaces after(int frames) {
    TrackedFaces faces;
    for (int n = 0; n < frames; ++n) {
      faces = next();
    }
    return faces;
  }

  void move(float dx) {
    for (FakeFace& face : scene_->faces) {
      face.center.x += dx;
    }
  }

  std::shared_ptr<FakeScene> scene_ = std::make_shared<FakeScene>();
  Tracker tracker_{scene_, FakeScene::layout(), {}};
  int frame_ = 0;
};

TEST_F(TinyFaces, AWalkerIsReturnedAndKeepsItsId) {
  scene_->faces = {tiny_face(150, 200)};
  int seen = 0;
  for (int n = 0; n < 150; ++n) {
    const TrackedFaces faces = next();
    ASSERT_LE(faces.ids.size(), 1U);
    if (!faces.ids.empty()) {
      ++seen;
      EXPECT_EQ(faces.ids[0], 1);
      EXPECT_NEAR(0.5F * (faces.boxes[0].x0 + faces.boxes[0].x1), scene_->faces[0].center.x, 3.0F);
      EXPECT_NEAR(faces.presence[0], 0.1F, 1e-6F);
      EXPECT_NEAR(faces.scores[0], 0.9F, 1e-6F);
    }
    move(2.0F);
  }
  EXPECT_GE(seen, 150 - kRoundFrames);
}

TEST_F(TinyFaces, ItsVelocityIsThatOfTheWalker) {
  scene_->faces = {tiny_face(150, 200)};
  TrackedFaces faces;
  for (int n = 0; n < 120; ++n) {
    faces = next();
    move(2.0F);
  }
  ASSERT_EQ(faces.ids.size(), 1U);
  EXPECT_NEAR(faces.velocities[0].x, 50.0F, 5.0F);
}

TEST_F(TinyFaces, ADoubtfulOneIsNotReturned) {
  scene_->faces = {tiny_face(150, 200)};
  scene_->faces[0].close_score = 0.6F;
  for (int n = 0; n < 200; ++n) {
    EXPECT_TRUE(next().ids.empty());
  }
}

TEST_F(TinyFaces, AHiddenOneIsLostAndComesBackUnderItsId) {
  scene_->faces = {tiny_face(150, 200)};
  ASSERT_EQ(after(kRoundFrames).ids, std::vector<std::int64_t>{1});
  scene_->faces[0].is_hidden = true;
  EXPECT_TRUE(after(3).ids.empty());
  EXPECT_TRUE(after(5).ids.empty());
  scene_->faces[0].is_hidden = false;
  EXPECT_EQ(after(kRoundFrames).ids.size(), 1U);
}

TEST_F(TinyFaces, WalkersBesideEachOtherKeepTheirIds) {
  scene_->faces = {tiny_face(150, 200), tiny_face(166, 203)};
  const TrackedFaces first = after(kRoundFrames);
  ASSERT_EQ(first.ids.size(), 2U);
  for (int n = 0; n < 100; ++n) {
    move(2.0F);
    const TrackedFaces faces = next();
    ASSERT_EQ(faces.ids, first.ids);
    EXPECT_GT((faces.boxes[1].x0 - faces.boxes[0].x0) * (first.boxes[1].x0 - first.boxes[0].x0),
              0.0F);
  }
}

TEST_F(TinyFaces, OneThatComesNearIsFollowedByTheNetwork) {
  scene_->faces = {tiny_face(300, 200)};
  (void)after(kRoundFrames);
  scene_->faces[0].presence = 0.99F;
  TrackedFaces faces;
  for (int n = 0; n < 100; ++n) {
    scene_->faces[0].side += 0.5F;
    faces = next();
  }
  ASSERT_EQ(faces.ids, std::vector<std::int64_t>{1});
  EXPECT_NEAR(faces.boxes[0].y1 - faces.boxes[0].y0, scene_->faces[0].side, 3.0F);
}

TEST_F(TinyFaces, ASceneWithALargeFaceHasNoCloseLooks) {
  scene_->faces = {{{300, 200}, 120.0F}};
  (void)after(200);
  EXPECT_EQ(scene_->num_close_looks, 0);
}

TEST_F(TinyFaces, TheSameInputAfterAResetGivesTheSameOutput) {
  scene_->faces = {tiny_face(150, 200), tiny_face(450, 300)};
  const TrackedFaces first = after(kRoundFrames);
  tracker_.reset();
  frame_ = 0;
  const TrackedFaces again = after(kRoundFrames);
  ASSERT_EQ(again.ids, first.ids);
  for (std::size_t i = 0; i < first.boxes.size(); ++i) {
    EXPECT_EQ(again.boxes[i].x0, first.boxes[i].x0);
  }
}

}  // namespace
}  // namespace kilomark::tracking
