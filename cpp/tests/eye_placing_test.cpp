#include "eye_placing.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

#include "fake_backend.hpp"
#include "kilomark/error.hpp"

namespace kilomark {
namespace {

// The outer and the inner corner of the right eye, then of the left eye.
const std::vector<Point> kLevelEyes = {
    {30.0F, 40.0F}, {40.0F, 40.0F}, {70.0F, 40.0F}, {60.0F, 40.0F}};

EyeNetwork network_of_corners() {
  return {.network = {.model = nullptr,
                      .input = {48, 32, ChannelOrder::kRgb, {}, {1.0F, 1.0F, 1.0F}},
                      .num_landmarks = 2,
                      .crop_scale = 2.0F},
          .rule = {0.5F, 0.7F, 1.0F},
          .right = {0, 1},
          .left = {2, 3},
          .corners = {0, 1}};
}

std::vector<EyePlace> places_of(const std::vector<Point>& landmarks) {
  Detections face;
  face.boxes.resize(1);
  face.landmarks = landmarks;
  const ImageView image{nullptr, 128, 64, 128, PixelFormat::kGray};
  return eye_places({&face, 1}, {&image, 1}, network_of_corners());
}

void expect_near(const Point& found, const Point& expected) {
  EXPECT_NEAR(found.x, expected.x, 1e-3F);
  EXPECT_NEAR(found.y, expected.y, 1e-3F);
}

TEST(EyePlaces, BothEyesHaveTheirOuterCornerToTheLeft) {
  const std::vector<EyePlace> places = places_of(kLevelEyes);
  ASSERT_EQ(places.size(), 2U);
  for (const EyePlace& eye : places) {
    const std::size_t outer = eye.is_left ? 2 : 0;
    expect_near(eye.crop.to_input(kLevelEyes[outer]), {12.0F, 16.0F});
    expect_near(eye.crop.to_input(kLevelEyes[outer + 1]), {36.0F, 16.0F});
    const Point above{kLevelEyes[outer].x, kLevelEyes[outer].y - 5.0F};
    expect_near(eye.crop.to_input(above), {12.0F, 4.0F});
    EXPECT_FLOAT_EQ(eye.gate, 1.0F);
  }
  EXPECT_FALSE(places[0].is_left);
  EXPECT_TRUE(places[1].is_left);
}

TEST(EyePlaces, CropsTurnWithTheEye) {
  const float turn = std::numbers::pi_v<float> * 0.7F;
  std::vector<Point> turned;
  for (const Point& point : kLevelEyes) {
    const float x = point.x - 50.0F;
    const float y = point.y - 40.0F;
    turned.push_back({50.0F + x * std::cos(turn) - y * std::sin(turn),
                      32.0F + x * std::sin(turn) + y * std::cos(turn)});
  }
  const std::vector<EyePlace> places = places_of(turned);
  ASSERT_EQ(places.size(), 2U);
  for (const EyePlace& eye : places) {
    const std::size_t outer = eye.is_left ? 2 : 0;
    expect_near(eye.crop.to_input(turned[outer]), {12.0F, 16.0F});
    expect_near(eye.crop.to_input(turned[outer + 1]), {36.0F, 16.0F});
  }
}

TEST(EyePlaces, NarrowEyesCountLessAndHiddenOnesAreLeftOut) {
  std::vector<Point> landmarks = kLevelEyes;
  landmarks[2].x = landmarks[3].x + 6.0F;
  std::vector<EyePlace> places = places_of(landmarks);
  ASSERT_EQ(places.size(), 2U);
  EXPECT_FLOAT_EQ(places[0].gate, 1.0F);
  EXPECT_NEAR(places[1].gate, 0.5F, 1e-5F);
  EXPECT_NEAR(places[1].crop.scale(), places[0].crop.scale(), 1e-9);
  landmarks[2].x = landmarks[3].x + 5.0F;
  places = places_of(landmarks);
  ASSERT_EQ(places.size(), 1U);
  EXPECT_FALSE(places[0].is_left);
}

TEST(EyePlaces, EyesOutsideTheImageAndOfNoSizeAreLeftOut) {
  std::vector<Point> outside = kLevelEyes;
  for (Point& point : outside) {
    point.x += 66.0F;  // the middle of the left eye lies at 131 of 128 px
  }
  ASSERT_EQ(places_of(outside).size(), 1U);
  EXPECT_TRUE(places_of({4, Point{30.0F, 30.0F}}).empty());
  std::vector<Point> nowhere = kLevelEyes;
  nowhere[0].x = std::numeric_limits<float>::quiet_NaN();
  nowhere[2].x = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(places_of(nowhere).empty());
  EXPECT_TRUE(eye_places({}, {}, network_of_corners()).empty());
}

// The fake landmark network stands in for that of the eyes too. Its landmarks are (16, 16), (0, 0)
// and (32, 8) of 32 x 32 px, of a spread of 1, 2 and 3 px.
class EyesOnFake : public testing::Test {
 protected:
  [[nodiscard]] Detector make_detector(const EyeNetwork& eyes, int max_batch = 16) {
    return {{fake_finder_network(), fake_landmark_network(), std::nullopt, std::nullopt, eyes},
            make_fake_backend(script_),
            max_batch};
  }

  [[nodiscard]] static EyeNetwork fake_eyes() {
    return {fake_landmark_network(), {0.1F, 0.2F, 1.0F}, {0, 1, 2}, {0, 1, 2}, {1, 2}};
  }

  [[nodiscard]] std::vector<std::size_t> runs_of_eyes() const {
    std::vector<std::size_t> sizes;
    for (const FakeScript::Run& run : script_.runs) {
      if (run.network == 2) {  // after landmarks and finder
        sizes.push_back(run.tasks.size());
      }
    }
    return sizes;
  }

  FakeScript script_;
  std::vector<std::uint8_t> pixels_ = std::vector<std::uint8_t>(128 * 64);
  ImageView image_{pixels_.data(), 128, 64, 128, PixelFormat::kGray};
};

TEST_F(EyesOnFake, BothEyesOfAllFacesShareBatches) {
  const Detector detector = make_detector(fake_eyes(), 4);
  const std::vector<Regions> regions{upright_regions(std::vector<Box>{
      {10.0F, 10.0F, 30.0F, 30.0F}, {40.0F, 10.0F, 60.0F, 30.0F}, {70.0F, 10.0F, 90.0F, 30.0F}})};
  (void)detector.place({&image_, 1}, regions, {});
  EXPECT_EQ(runs_of_eyes(), (std::vector<std::size_t>{4, 2}));
  EXPECT_EQ(script_.known_crops, std::vector<int>{-1});  // eyes are not known beforehand
  script_.runs.clear();
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F}}; };
  PredictOptions options;
  options.detect.finder_tiles = 1;
  (void)detector.predict({&image_, 1}, options);
  EXPECT_EQ(runs_of_eyes(), std::vector<std::size_t>{2});
}

TEST_F(EyesOnFake, LandmarksAreWeighedByTheirSpread) {
  const std::vector<Regions> regions{
      upright_regions(std::vector<Box>{{40.0F, 10.0F, 60.0F, 30.0F}})};
  EyeNetwork eyes = fake_eyes();
  eyes.left = {2, 1, 0};
  const auto place = [&](const EyeNetwork& network) {
    return make_detector(network).place({&image_, 1}, regions, {}).images.front();
  };
  const Detector without({fake_finder_network(), fake_landmark_network(), std::nullopt},
                         make_fake_backend(script_), 16);
  const Detections alone = without.place({&image_, 1}, regions, {}).images.front();
  EyeNetwork unsure = eyes;
  unsure.rule.spread_factor = 64.0F;
  EyeNetwork sure = eyes;
  sure.rule.spread_factor = 1e-3F;
  const Detections little = place(unsure);
  const Detections much = place(sure);
  float moved = 0.0F;
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(little.landmarks[k].x, alone.landmarks[k].x, 0.05F);
    moved += std::abs(much.landmarks[k].x - alone.landmarks[k].x);
    EXPECT_FLOAT_EQ(much.presence[0], alone.presence[0]);
  }
  EXPECT_GT(moved, 1.0F);
  EXPECT_EQ(much.spread, alone.spread);
  const Box box = box_around(much.landmarks);
  EXPECT_EQ(much.landmark_boxes[0].x0, box.x0);
  EXPECT_EQ(much.landmark_boxes[0].y1, box.y1);
}

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInference;
}

TEST_F(EyesOnFake, MustFitTheFace) {
  for (const EyeRule& rule : {EyeRule{0.7F, 0.5F, 1.0F}, EyeRule{-0.1F, 0.5F, 1.0F},
                              EyeRule{0.1F, 2.0F, 1.0F}, EyeRule{0.1F, 0.5F, 0.0F}}) {
    EyeNetwork eyes = fake_eyes();
    eyes.rule = rule;
    EXPECT_EQ(code_of([&] { (void)make_detector(eyes); }), ErrorCode::kBundle);
  }
  EyeNetwork short_of_one = fake_eyes();
  short_of_one.left.pop_back();
  EXPECT_EQ(code_of([&] { (void)make_detector(short_of_one); }), ErrorCode::kBundle);
  EyeNetwork of_another_face = fake_eyes();
  of_another_face.right = {1, 2, 3};
  EXPECT_EQ(code_of([&] { (void)make_detector(of_another_face); }), ErrorCode::kInvalidInput);
}

Topology topology_of(std::vector<LandmarkGroup> groups, std::vector<int> mirror) {
  int count = 0;
  for (const LandmarkGroup& group : groups) {
    count += group.count;
  }
  return {count, std::move(groups), std::move(mirror), {}, {}};
}

TEST(EyeLandmarks, AreFoundByNameAndMirror) {
  const Topology face = topology_of({{"nose", 0, 1, {}},
                                     {"right_eye", 1, 4, true},
                                     {"left_eye", 5, 4, true},
                                     {"right_pupil", 9, 1, {}},
                                     {"left_pupil", 10, 1, {}}},
                                    {0, 5, 8, 7, 6, 1, 4, 3, 2, 10, 9});
  const Topology eye = topology_of({{"right_eye", 0, 4, true}, {"right_pupil", 4, 1, {}}}, {});
  const EyeLandmarks found = eye_landmarks(face, eye);
  EXPECT_EQ(found.right, (std::vector<int>{1, 2, 3, 4, 9}));
  EXPECT_EQ(found.left, (std::vector<int>{5, 8, 7, 6, 10}));
  EXPECT_EQ(found.corners, (std::array<int, 2>{0, 2}));

  Topology no_mirror = face;
  no_mirror.mirror.clear();
  Topology more = eye;
  more.num_landmarks = 6;
  for (const auto& [of_face, of_eye] : std::vector<std::pair<Topology, Topology>>{
           {no_mirror, eye},
           {face, more},
           {face, topology_of({}, {})},
           {face, topology_of({{"right_eye", 0, 3, true}}, {})},
           {face, topology_of({{"third_eye", 0, 4, true}}, {})}}) {
    EXPECT_EQ(code_of([&] { (void)eye_landmarks(of_face, of_eye); }), ErrorCode::kBundle);
  }
}

}  // namespace
}  // namespace kilomark
