#include "tracking/face_filter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "fake_scene.hpp"

namespace kilomark::tracking {
namespace {

constexpr double kFrameS = 1.0 / 30.0;
constexpr float kSpreadPx = 2.0F;

PlacedFace placed(const FakeFace& face, float noise_px, std::mt19937& random) {
  std::normal_distribution<float> noise(0.0F, 1.0F);
  PlacedFace out{FakeScene::landmarks_of(face),
                 std::vector<float>(FakeScene::kLandmarks, kSpreadPx),
                 {},
                 1.0F};
  for (Point& p : out.landmarks) {
    p.x += noise_px * noise(random);
    p.y += noise_px * noise(random);
  }
  return out;
}

double rms_error(const std::vector<Point>& landmarks, const FakeFace& truth) {
  const std::vector<Point> expected = FakeScene::landmarks_of(truth);
  double sum = 0.0;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    sum +=
        std::pow(landmarks[k].x - expected[k].x, 2) + std::pow(landmarks[k].y - expected[k].y, 2);
  }
  return std::sqrt(sum / static_cast<double>(expected.size()));
}

// The RMS error over the second half of 90 frames of a face that `move` changes.
template <class Move>
double error_in(double smoothing, float noise_px, const Move& move) {
  const FaceLayout layout = FakeScene::layout();
  std::mt19937 random(3);
  FakeFace face{{300, 200}};
  FaceFilter filter(placed(face, noise_px, random), layout, smoothing);
  double sum = 0.0;
  for (int n = 1; n < 90; ++n) {
    move(face, n);
    filter.update(placed(face, noise_px, random), kFrameS);
    sum += n >= 45 ? rms_error(filter.landmarks(), face) : 0.0;
  }
  return sum / 45.0;
}

// The RMS movement from frame to frame over the second half of 90 frames of a face that `move`
// changes.
template <class Move>
double movement_in(double smoothing, const Move& move) {
  const FaceLayout layout = FakeScene::layout();
  std::mt19937 random(3);
  FakeFace face{{300, 200}};
  FaceFilter filter(placed(face, 0.0F, random), layout, smoothing);
  double sum = 0.0;
  for (int n = 1; n < 90; ++n) {
    const Point last = filter.landmarks().front();
    move(face, n);
    filter.update(placed(face, 0.0F, random), kFrameS);
    const Point now = filter.landmarks().front();
    sum += n >= 45 ? std::pow(now.x - last.x, 2) + std::pow(now.y - last.y, 2) : 0.0;
  }
  return std::sqrt(sum / 45.0);
}

// The RMS movement from frame to frame in the first half second of a face that lies still.
double movement_at_start(double smoothing, float noise_px) {
  const FaceLayout layout = FakeScene::layout();
  std::mt19937 random(5);
  const FakeFace face{{300, 200}};
  FaceFilter filter(placed(face, noise_px, random), layout, smoothing);
  std::vector<Point> last = filter.landmarks();
  double sum = 0.0;
  for (int n = 1; n <= 15; ++n) {
    filter.update(placed(face, noise_px, random), kFrameS);
    const std::vector<Point> now = filter.landmarks();
    for (std::size_t k = 0; k < now.size(); ++k) {
      sum += std::pow(now[k].x - last[k].x, 2) + std::pow(now[k].y - last[k].y, 2);
    }
    last = now;
  }
  return std::sqrt(sum);
}

TEST(FaceFilterTest, NoiseAboveTheExpectedOneIsSmoothedFromTheStart) {
  EXPECT_LT(movement_at_start(1.0, 0.3F), 0.35 * movement_at_start(0.0, 0.3F));
}

TEST(FaceFilterTest, SmoothingOfZeroFollowsExactly) {
  EXPECT_LT(error_in(0.0, 0.0F,
                     [](FakeFace& face, int n) {
                       face.center.x = 300.0F + 20.0F * std::sin(static_cast<float>(n));
                     }),
            1e-2);
}

TEST(FaceFilterTest, NoiseAtRestIsAveragedOut) {
  const auto rest = [](FakeFace&, int) {};
  EXPECT_LT(error_in(1.0, 0.1F, rest), 0.55 * error_in(0.0, 0.1F, rest));
  EXPECT_LT(error_in(3.0, 0.1F, rest), error_in(1.0, 0.1F, rest));
}

TEST(FaceFilterTest, NoiseThatTheSpreadDoesNotExpectIsAveragedOutToo) {
  const auto rest = [](FakeFace&, int) {};
  EXPECT_LT(error_in(1.0, 0.2F, rest), 0.75 * error_in(0.0, 0.2F, rest));
}

TEST(FaceFilterTest, DepthIsAveragedAtRestAndGrowsWithTheFace) {
  const FaceLayout layout = FakeScene::layout();
  std::mt19937 random(3);
  std::normal_distribution<float> noise(0.0F, 1.0F);
  const auto measured = [&](float scale) {
    FakeFace face{{300, 200}};
    face.side *= scale;
    PlacedFace out = placed(face, 0.0F, random);
    for (std::size_t k = 0; k < FakeScene::kLandmarks; ++k) {
      out.depth.push_back(scale * (static_cast<float>(k % 7) - 3.0F + noise(random)));
    }
    return out;
  };
  const auto error = [&](const std::vector<float>& depth, float scale) {
    double sum = 0.0;
    for (std::size_t k = 0; k < FakeScene::kLandmarks; ++k) {
      sum += std::abs(depth[k] - scale * (static_cast<float>(k % 7) - 3.0F));
    }
    return sum / static_cast<double>(FakeScene::kLandmarks);
  };
  FaceFilter filter(measured(1.0F), layout, 1.0);
  EXPECT_GT(error(filter.depth(), 1.0F), 0.6);
  for (int n = 1; n < 60; ++n) {
    filter.update(measured(1.0F), kFrameS);
  }
  EXPECT_LT(error(filter.depth(), 1.0F), 0.25);
  for (int n = 0; n < 30; ++n) {
    filter.update(measured(1.5F), kFrameS);
  }
  EXPECT_LT(error(filter.depth(), 1.5F), 0.4);
  EXPECT_TRUE(FaceFilter(placed(FakeFace{{300, 200}}, 0.0F, random), layout, 1.0).depth().empty());
}

// The side of the face is 100 px.
TEST(FaceFilterTest, MotionIsFollowedWithinAShareOfAPercent) {
  const auto sway = [](FakeFace& face, int n) {
    face.center.x = 300.0F + 45.0F * std::sin(0.14F * static_cast<float>(n));
    face.angle_deg = 25.0F * std::sin(0.14F * static_cast<float>(n));
    face.side = 100.0F + 40.0F * std::sin(0.14F * static_cast<float>(n));
  };
  EXPECT_LT(error_in(1.0, 0.0F, sway), 0.6);
}

// Its smallest motions are larger than the noise that is expected.
TEST(FaceFilterTest, RestlessnessOfAHeadHeldStillIsSmoothed) {
  const auto restless = [](FakeFace& face, int n) {
    face.center.x = 300.0F + 0.25F * (n % 4 < 2 ? 1.0F : -1.0F);
  };
  EXPECT_LT(movement_in(1.0, restless), 0.65 * movement_in(0.0, restless));
}

TEST(FaceFilterTest, EvenMotionIsSmoothedWithoutLag) {
  const auto pan = [](FakeFace& face, int n) {
    face.center.x = 300.0F + 3.0F * static_cast<float>(n);
  };
  EXPECT_LT(error_in(1.0, 0.1F, pan), 0.7 * error_in(0.0, 0.1F, pan));
}

TEST(FaceFilterTest, AFullTurnOfTheHeadInThePlaneIsFollowed) {
  EXPECT_LT(error_in(1.0, 0.0F,
                     [](FakeFace& face, int n) { face.angle_deg = static_cast<float>(10 * n); }),
            0.5);
}

TEST(FaceFilterTest, TheVelocityOfTheCenterIsInPixelsPerSecond) {
  const FaceLayout layout = FakeScene::layout();
  std::mt19937 random(3);
  FakeFace face{{300, 200}};
  FaceFilter filter(placed(face, 0.0F, random), layout, 1.0);
  for (int n = 0; n < 20; ++n) {
    face.center.y -= 2.0F;
    filter.update(placed(face, 0.0F, random), kFrameS);
  }
  EXPECT_NEAR(filter.velocity().x, 0.0F, 0.5F);
  EXPECT_NEAR(filter.velocity().y, -60.0F, 1.0F);
}

}  // namespace
}  // namespace kilomark::tracking
