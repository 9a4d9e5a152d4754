#include "kilomark/detector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <thread>
#include <vector>

#include "fake_backend.hpp"
#include "kilomark/error.hpp"

namespace kilomark {
namespace {

using Boxes = std::vector<Box>;

// Without looks at higher zoom.
const PredictOptions kOneLook{.detect = {.finder_tiles = 1}, .place = {}};
const PredictOptions kRescoring{.detect = {.rescoring = true, .finder_tiles = 1}, .place = {}};

class DetectorOnFake : public testing::Test {
 protected:
  [[nodiscard]] Detector make_detector(int max_batch) {
    return {{fake_finder_network(), fake_landmark_network(), std::nullopt},
            make_fake_backend(script_),
            max_batch};
  }

  // Found faces are rescored by a network of their own.
  [[nodiscard]] Detector make_rescoring_detector() {
    return {{fake_finder_network(), fake_landmark_network(), fake_landmark_network()},
            make_fake_backend(script_),
            16};
  }

  // A gray image of 128 x 64 px; the script tells images apart by their first byte.
  [[nodiscard]] ImageView image(std::size_t number) {
    pixels_[number][0] = static_cast<std::uint8_t>(number);
    return {pixels_[number].data(), 128, 64, 128, PixelFormat::kGray};
  }

  [[nodiscard]] std::vector<ImageView> images(std::size_t count) {
    std::vector<ImageView> views;
    for (std::size_t i = 0; i < count; ++i) {
      views.push_back(image(i));
    }
    return views;
  }

  // The number of inputs of every run of one network, in order.
  [[nodiscard]] std::vector<std::size_t> batches(std::size_t network) const {
    std::vector<std::size_t> sizes;
    for (const FakeScript::Run& run : script_.runs) {
      if (run.network == network) {
        sizes.push_back(run.tasks.size());
      }
    }
    return sizes;
  }

  FakeScript script_;
  std::array<std::array<std::uint8_t, 128 * 64>, 8> pixels_{};
};

Prediction predict(const Detector& detector, const std::vector<ImageView>& images,
                   const std::vector<Boxes>& boxes) {
  std::vector<Regions> regions;
  for (const Boxes& image : boxes) {
    regions.push_back(upright_regions(image));
  }
  return detector.place(images, regions, PlaceOptions());
}

Box make_box(float x, float y) { return {x, y, x + 20.0F, y + 10.0F}; }

// Boxes that can be told apart: `count` of them, in a row.
Boxes make_row(std::size_t count, float y) {
  Boxes boxes;
  for (std::size_t i = 0; i < count; ++i) {
    boxes.push_back(make_box(10.0F * static_cast<float>(i), y));
  }
  return boxes;
}

// The first fake landmark is the middle of the crop, which is the middle of the box.
void expect_faces_in(const Detections& detections, const Boxes& boxes) {
  ASSERT_EQ(detections.boxes.size(), boxes.size());
  ASSERT_EQ(detections.landmarks.size(), 3 * boxes.size());
  ASSERT_EQ(detections.spread.size(), 3 * boxes.size());
  ASSERT_EQ(detections.keypoints.size(), 5 * boxes.size());
  ASSERT_EQ(detections.scores.size(), boxes.size());
  ASSERT_EQ(detections.presence.size(), boxes.size());
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    EXPECT_EQ(detections.boxes[i].x0, boxes[i].x0);
    EXPECT_NEAR(detections.landmarks[3 * i].x, 0.5F * (boxes[i].x0 + boxes[i].x1), 1e-4F);
    EXPECT_NEAR(detections.landmarks[3 * i].y, 0.5F * (boxes[i].y0 + boxes[i].y1), 1e-4F);
  }
}

template <class Call>
ErrorCode code_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInference;
}

TEST_F(DetectorOnFake, FacesOfAllImagesShareBatchesAndKeepTheirOrder) {
  const std::vector<Boxes> boxes = {make_row(5, 0.0F), {}, make_row(4, 20.0F), make_row(1, 40.0F)};
  const Prediction prediction = predict(make_detector(4), images(4), boxes);
  EXPECT_EQ(batches(kFakeLandmarksIndex), (std::vector<std::size_t>{4, 4, 2}));
  EXPECT_TRUE(batches(kFakeFinderIndex).empty());
  ASSERT_EQ(prediction.images.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    expect_faces_in(prediction.images[i], boxes[i]);
  }
}

TEST_F(DetectorOnFake, MaxBatchIsHonoredAndChangesNothingElse) {
  const std::vector<Boxes> boxes = {make_row(5, 3.0F), make_row(3, 9.0F)};
  for (const int max_batch : {1, 2, 3, 7, 8, 1024}) {
    script_.runs.clear();
    const Prediction prediction = predict(make_detector(max_batch), images(2), boxes);
    std::size_t total = 0;
    for (const std::size_t size : batches(kFakeLandmarksIndex)) {
      EXPECT_LE(size, static_cast<std::size_t>(max_batch));
      total += size;
    }
    EXPECT_EQ(total, 8U);
    expect_faces_in(prediction.images[0], boxes[0]);
    expect_faces_in(prediction.images[1], boxes[1]);
  }
}

TEST_F(DetectorOnFake, FinderRunsOnImagesInBatches) {
  script_.faces_of = [](int image) {
    return std::vector<ScriptedFace>(image == 3 ? 0 : 1, {0, 0.9F, 4.0F, 0.0F});
  };
  const Prediction prediction = make_detector(3).predict(images(7), kOneLook);
  EXPECT_EQ(batches(kFakeFinderIndex), (std::vector<std::size_t>{3, 3, 1}));
  EXPECT_EQ(batches(kFakeLandmarksIndex), (std::vector<std::size_t>{3, 3}));
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(prediction.images[i].boxes.size(), i == 3 ? 0U : 1U);
  }
}

TEST_F(DetectorOnFake, FoundBoxesAreMappedBackToTheImage) {
  script_.faces_of = [](int) {
    return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 0.0F}, {3, 0.95F, 8.0F, 0.0F}};
  };
  // 128 x 64 px in 64 x 64: half the size. Cell 3, at (48, 48), lies below the image.
  const Prediction prediction = make_detector(16).predict(images(1), kOneLook);
  const Detections& found = prediction.images[0];
  ASSERT_EQ(found.boxes.size(), 1U);
  EXPECT_FLOAT_EQ(found.boxes[0].x0, 16.0F);
  EXPECT_FLOAT_EQ(found.boxes[0].y1, 48.0F);
  EXPECT_FLOAT_EQ(found.keypoints[0].x, 30.0F);
  EXPECT_FLOAT_EQ(found.scores[0], 0.9F);
  EXPECT_NEAR(found.landmarks[0].x, 32.0F, 1e-4F);
  EXPECT_NEAR(found.landmarks[1].x, 32.0F - 20.0F, 1e-4F);  // the crop's corner: 1.25 x 32 px
  EXPECT_NEAR(found.spread[2], 3.0F * 40.0F / 32.0F, 1e-4F);
}

TEST_F(DetectorOnFake, FacesComeBestFirstWithoutDoublesAndAtMostSoMany) {
  script_.faces_of = [](int) {  // 40 px of 64 to each side: all overlap; 12 px: none does
    return std::vector<ScriptedFace>{{0, 0.6F, 12.0F, 0.0F}, {1, 0.8F, 12.0F, 0.0F}};
  };
  const Detector detector = make_detector(16);
  const Detections both = detector.predict(images(1), kOneLook).images[0];
  ASSERT_EQ(both.scores.size(), 2U);
  EXPECT_FLOAT_EQ(both.scores[0], 0.8F);
  PredictOptions options = kOneLook;
  options.detect.max_faces = 1;
  EXPECT_EQ(detector.predict(images(1), options).images[0].scores, std::vector<float>{0.8F});
  options = {.detect = {.score_threshold = 0.7F, .finder_tiles = 1}, .place = {}};
  EXPECT_EQ(detector.predict(images(1), options).images[0].scores, std::vector<float>{0.8F});
  script_.faces_of = [](int) {
    return std::vector<ScriptedFace>{{0, 0.6F, 60.0F, 0.0F}, {1, 0.8F, 60.0F, 0.0F}};
  };
  EXPECT_EQ(detector.predict(images(1), kOneLook).images[0].scores, std::vector<float>{0.8F});
}

TEST_F(DetectorOnFake, FacesOfAllTilesAreTheirImages) {
  // In the first cell of every view. The tiles are 73 px wide and begin at 0 and at 55 px; the
  // whole image is 128 px. So the face of the whole is 32 px wide, those of the tiles 18 px.
  script_.faces_of = [](int image) {
    return image == 0 ? std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 0.0F}}
                      : std::vector<ScriptedFace>();
  };
  const Prediction prediction = make_detector(2).predict(
      images(2), PredictOptions{.detect = {.finder_tiles = 2}, .place = {}});
  EXPECT_EQ(batches(kFakeFinderIndex), (std::vector<std::size_t>{2, 2, 2}));
  const Detections& found = prediction.images[0];
  ASSERT_EQ(found.boxes.size(), 3U);
  EXPECT_FLOAT_EQ(found.boxes[0].x1 - found.boxes[0].x0, 32.0F);
  const float per_px = 128.0F / 1.75F / 64.0F;
  EXPECT_NEAR(found.boxes[1].x0, 8.0F * per_px, 1e-3F);
  EXPECT_NEAR(found.boxes[2].x0, 128.0F - 56.0F * per_px, 1e-3F);
  EXPECT_TRUE(prediction.images[1].boxes.empty());
}

TEST_F(DetectorOnFake, AFoundFaceIsCroppedUprightByItsEyes) {
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 45.0F}}; };
  (void)make_detector(16).predict(images(1), kOneLook);
  const Crop& crop = script_.runs.back().tasks[0].crop;
  EXPECT_NEAR(std::atan2(crop.b(), crop.a()), std::numbers::pi / 4.0, 1e-6);
  EXPECT_NEAR(crop.scale(), 1.25 * 32.0 / 32.0, 1e-6);
}

TEST_F(DetectorOnFake, PresenceThresholdDropsFoundFacesOnly) {
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 0.0F}}; };
  script_.presence_of = [](int image) { return image == 1 ? 0.2F : 0.7F; };
  const Detector detector = make_detector(2);
  const Prediction found = detector.predict(images(3), kRescoring);
  EXPECT_EQ(found.images[0].presence, std::vector<float>{0.7F});
  EXPECT_TRUE(found.images[1].boxes.empty());
  EXPECT_TRUE(found.images[1].landmarks.empty());
  EXPECT_EQ(found.images[2].boxes.size(), 1U);
}

TEST_F(DetectorOnFake, WhatTheFinderDoubtsIsKeptIfThereIsAFaceInIt) {
  script_.faces_of = [](int image) {
    return std::vector<ScriptedFace>{{0, image == 2 ? 0.05F : 0.2F, 8.0F, 0.0F}};
  };
  script_.presence_of = [](int image) { return image == 1 ? 0.6F : 0.999F; };
  const Detector detector = make_detector(2);
  const Prediction found = detector.predict(images(3), kRescoring);
  ASSERT_EQ(found.images[0].scores.size(), 1U);
  EXPECT_NEAR(found.images[0].scores[0], 0.725F, 1e-3F);  // odds: the root of 999 / 9, over 4
  EXPECT_TRUE(found.images[1].boxes.empty());
  EXPECT_TRUE(found.images[2].boxes.empty());
  EXPECT_EQ(batches(kFakeLandmarksIndex), std::vector<std::size_t>{2});  // not of the third
  EXPECT_TRUE(detector.predict(images(1), kOneLook).images[0].boxes.empty());
}

TEST_F(DetectorOnFake, FacesStandInTheOrderOfWhatBothSay) {
  script_.faces_of = [](int) {
    return std::vector<ScriptedFace>{{0, 0.6F, 12.0F, 0.0F}, {1, 0.8F, 12.0F, 0.0F}};
  };
  script_.presence_of = [asked = 0](int) mutable { return asked++ == 0 ? 0.5F : 0.99F; };
  const Detections found = make_detector(16).predict(images(1), kRescoring).images[0];
  EXPECT_EQ(found.presence, (std::vector<float>{0.99F, 0.5F}));
  EXPECT_GT(found.scores[0], found.scores[1]);
  EXPECT_LT(found.boxes[0].x0, found.boxes[1].x0);
}

TEST_F(DetectorOnFake, OneFaceInTwoCropsIsOne) {
  // Boxes of 60 px, 32 px apart, overlap by 28 of 92; their landmarks, as wide as the crops, by 43
  // of 107.
  script_.faces_of = [](int) {
    return std::vector<ScriptedFace>{{0, 0.9F, 30.0F, 0.0F}, {1, 0.8F, 30.0F, 0.0F}};
  };
  const Detector detector = make_detector(16);
  PredictOptions options{.detect = {.nms_iou = 0.32F, .finder_tiles = 1}, .place = {}};
  EXPECT_EQ(detector.detect(images(1), options.detect).images[0].size(), 2U);
  EXPECT_EQ(detector.predict(images(1), options).images[0].size(), 1U);
  options.detect.rescoring = true;
  EXPECT_EQ(detector.detect(images(1), options.detect).images[0].size(), 1U);
  EXPECT_EQ(detector.predict(images(1), options).images[0].size(), 1U);
}

TEST_F(DetectorOnFake, ASmallFaceCountsTheOthersOfItsImage) {
  script_.faces_of = [](int image) {
    const ScriptedFace face{0, 0.9F, 4.0F, 0.0F};  // landmarks within 20 px of the image
    const ScriptedFace other{1, 0.9F, 4.0F, 0.0F};
    return image == 0 ? std::vector{face} : std::vector{face, other};
  };
  script_.presence_of = [](int) { return 0.9F; };  // neutral
  FinderNetwork finder = fake_finder_network();
  finder.rescoring.company_weight = 4.0F;
  finder.rescoring.loneliness = std::log(4.0F);
  const Detector detector(
      {.finder = finder, .landmarks = fake_landmark_network(), .rescorer = std::nullopt},
      make_fake_backend(script_), 16);
  PredictOptions options = kRescoring;
  const Prediction found = detector.predict(images(2), options);
  EXPECT_NEAR(found.images[0].scores[0], 9.0F / 13.0F, 1e-3F);  // odds of 9 / 4
  ASSERT_EQ(found.images[1].scores.size(), 2U);
  EXPECT_GT(found.images[1].scores[0], 0.9F);  // 4 ln 1.9 exceeds ln 4
  EXPECT_EQ(found.images[1].scores[0], found.images[1].scores[1]);
  EXPECT_EQ(detector.detect(images(1), options.detect).images[0].scores, found.images[0].scores);
  options.detect.weighs_company = false;
  EXPECT_NEAR(detector.detect(images(1), options.detect).images[0].scores[0], 0.9F, 1e-3F);
}

TEST_F(DetectorOnFake, WhereThePresenceIsNoNumberThereIsNoFace) {
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 0.0F}}; };
  script_.presence_of = [](int) { return std::numeric_limits<float>::quiet_NaN(); };
  const Detector detector = make_detector(2);
  const PredictOptions& looking = kRescoring;
  EXPECT_TRUE(detector.predict(images(1), looking).images[0].boxes.empty());
  EXPECT_TRUE(detector.predict(images(1), kOneLook).images[0].boxes.empty());
  EXPECT_EQ(detector.detect(images(1), kOneLook.detect).images[0].size(), 1U);
}

TEST_F(DetectorOnFake, GivenBoxesAreNeverDropped) {
  script_.presence_of = [](int image) { return image == 0 ? 0.5F : 0.0F; };
  const std::vector<Boxes> boxes = {make_row(3, 0.0F),
                                    {make_box(5.0F, 5.0F), make_box(5.0F, 5.0F)}};
  const Prediction prediction = predict(make_detector(4), images(2), boxes);
  expect_faces_in(prediction.images[0], boxes[0]);
  expect_faces_in(prediction.images[1], boxes[1]);  // one box twice: two faces
}

TEST_F(DetectorOnFake, AnErrorOfTheBackendLeavesTheDetectorUsable) {
  const std::vector<Boxes> boxes = {make_row(5, 0.0F)};
  const Detector detector = make_detector(2);
  script_.failing_run = 1;
  EXPECT_EQ(code_of([&] { (void)predict(detector, images(1), boxes); }), ErrorCode::kInference);
  EXPECT_EQ(script_.held, 0);
  expect_faces_in(predict(detector, images(1), boxes).images[0], boxes[0]);
  EXPECT_EQ(script_.held, 0);
}

TEST_F(DetectorOnFake, NothingRunsForWhatIsRefused) {
  const Detector detector = make_detector(2);
  const Detector without_finder({std::nullopt, fake_landmark_network(), std::nullopt},
                                make_fake_backend(script_), 2);
  ImageView empty = image(0);
  empty.height = 0;
  const auto refused = [&](const auto& call) {
    EXPECT_EQ(code_of(call), ErrorCode::kInvalidInput);
  };
  refused([&] { (void)detector.predict(std::vector{image(0), empty}, kOneLook); });
  refused([&] {
    (void)detector.predict(images(1), PredictOptions{.detect = {.nms_iou = 2.0F}, .place = {}});
  });
  refused([&] { (void)predict(detector, images(2), {make_row(1, 0.0F)}); });
  refused([&] { (void)predict(detector, images(1), {{make_box(0.0F, 0.0F), {9, 9, 3, 3}}}); });
  refused([&] { (void)without_finder.predict(images(1), kOneLook); });
  refused([&] { (void)without_finder.infer(NetworkRole::kFinder, {}); });
  refused([&] { (void)make_detector(0); });
  EXPECT_TRUE(script_.runs.empty());
  EXPECT_TRUE(detector.has(NetworkRole::kFinder));
  EXPECT_FALSE(without_finder.has(NetworkRole::kFinder));
}

TEST_F(DetectorOnFake, TensorsGoThroughInBatches) {
  const Detector detector = make_detector(2);
  std::vector<float> tensors(5 * 3 * 32 * 32);
  for (std::size_t i = 0; i < 5; ++i) {
    tensors[i * 3 * 32 * 32] = static_cast<float>(i);
  }
  const std::vector<std::vector<float>> outputs = detector.infer(NetworkRole::kLandmarks, tensors);
  EXPECT_EQ(script_.inferred, (std::vector<std::size_t>{2, 2, 1}));
  ASSERT_EQ(outputs.size(), 3U);
  EXPECT_EQ(outputs[0].size(), 5U * 6U);
  EXPECT_EQ(outputs[0][4 * 6], 4.0F);
  EXPECT_EQ(outputs[2].size(), 5U);
  tensors.pop_back();
  EXPECT_EQ(code_of([&] { (void)detector.infer(NetworkRole::kLandmarks, tensors); }),
            ErrorCode::kInvalidInput);
}

TEST_F(DetectorOnFake, ThreadsShareADetector) {
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 1.0F}}; };
  const Detector detector = make_detector(2);
  const std::vector<ImageView> views = images(5);
  const std::vector<Boxes> boxes(5, make_row(3, 10.0F));
  const auto work = [&] {
    for (int turn = 0; turn < 50; ++turn) {
      const Prediction found = detector.predict(views, kOneLook);
      ASSERT_EQ(found.images.size(), 5U);
      ASSERT_EQ(found.images[4].boxes.size(), 1U);
      expect_faces_in(predict(detector, views, boxes).images[4], boxes[4]);
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back(work);
  }
}

TEST_F(DetectorOnFake, DetectThenPlaceIsPredict) {
  script_.faces_of = [](int image) {
    return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 1.0F},
                                     {1, image == 0 ? 0.8F : 0.3F, 8.0F, -0.5F}};
  };
  const Detector detector = make_rescoring_detector();
  const std::vector<ImageView> views = images(2);
  const Detection detection = detector.detect(views, kRescoring.detect);
  const Placement placement = detector.place(views, detection.images, PlaceOptions());
  const Prediction prediction = detector.predict(views, kRescoring);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(placement.images[i].scores, prediction.images[i].scores);
    EXPECT_EQ(placement.images[i].spread, prediction.images[i].spread);
    EXPECT_EQ(placement.images[i].angles_deg, detection.images[i].angles_deg);
    EXPECT_EQ(placement.images[i].landmarks[1].x, prediction.images[i].landmarks[1].x);
  }
}

TEST_F(DetectorOnFake, TheLandmarkNetworkPlacesOnlyWhatIsKept) {
  script_.faces_of = [](int image) {
    return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 0.0F},
                                     {1, image == 0 ? 0.8F : 0.3F, 8.0F, 0.0F}};
  };
  script_.rescorer_presence_of = [](int image) { return image == 0 ? 0.99F : 0.2F; };
  const Prediction found = make_rescoring_detector().predict(images(2), kRescoring);
  EXPECT_EQ(batches(kFakeRescorerIndex), (std::vector<std::size_t>{4, 4}));  // and turned
  EXPECT_EQ(batches(kFakeLandmarksIndex), std::vector<std::size_t>{2});
  EXPECT_EQ(found.images[0].size(), 2U);
  EXPECT_EQ(found.images[1].size(), 0U);
  EXPECT_EQ(found.images[0].presence, (std::vector<float>{1.0F, 1.0F}));
}

TEST_F(DetectorOnFake, ARegionMayBeTurnedByAnyAngle) {
  Regions regions = upright_regions(Boxes{make_box(10.0F, 10.0F)});
  for (const float angle_deg : {0.0F, 90.0F, 180.0F, -120.0F, 359.0F}) {
    regions.angles_deg = {angle_deg};
    const std::vector<Regions> given{regions};
    const Detections placed = make_detector(2).place(images(1), given, {}).images[0];
    // The second landmark is the crop's corner, 12.5 px left of and above the center.
    const double turn = angle_deg * std::numbers::pi / 180.0;
    EXPECT_NEAR(placed.landmarks[1].x, 20.0 - 12.5 * (std::cos(turn) - std::sin(turn)), 1e-3);
    EXPECT_NEAR(placed.landmarks[1].y, 15.0 - 12.5 * (std::sin(turn) + std::cos(turn)), 1e-3);
    EXPECT_LE(placed.landmark_boxes[0].x0, placed.landmarks[1].x);
    EXPECT_GE(placed.landmark_boxes[0].x1, placed.landmarks[1].x);
  }
}

// The fake network says the same of every crop, so its landmarks of the mirrored crop lie mirrored
// in the image, and those of each landmark are the mean of its own and its partner's.
TEST_F(DetectorOnFake, TwoViewsAreAveragedLandmarkByLandmark) {
  LandmarkNetwork network = fake_landmark_network();
  network.mirror = {0, 2, 1};
  for (const int max_batch : {1, 3, 16}) {  // a face and its mirror image may be in two batches
    const Detector detector({std::nullopt, network, std::nullopt}, make_fake_backend(script_),
                            max_batch);
    const std::vector<Regions> regions{upright_regions(make_row(3, 8.0F))};
    const Detections one = detector.place(images(1), regions, {}).images.front();
    const Detections two = detector.place(images(1), regions, {.views = 2}).images.front();
    for (std::size_t row = 0; row < 3; ++row) {
      const float middle = 0.5F * (one.boxes[row].x0 + one.boxes[row].x1);
      for (std::size_t k = 0; k < 3; ++k) {
        const auto partner = static_cast<std::size_t>(network.mirror[k]);
        const Point& mine = one.landmarks[3 * row + k];
        const Point& other = one.landmarks[3 * row + partner];
        EXPECT_NEAR(two.landmarks[3 * row + k].x, 0.5F * (mine.x + 2.0F * middle - other.x), 1e-4F);
        EXPECT_NEAR(two.landmarks[3 * row + k].y, 0.5F * (mine.y + other.y), 1e-4F);
        EXPECT_NEAR(two.spread[3 * row + k],
                    0.5F * (one.spread[3 * row + k] + one.spread[3 * row + partner]), 1e-5F);
      }
      EXPECT_EQ(two.landmark_boxes[row].x0,
                std::min({two.landmarks[3 * row].x, two.landmarks[3 * row + 1].x,
                          two.landmarks[3 * row + 2].x}));
    }
  }
}

TEST_F(DetectorOnFake, TwoViewsNeedAMirror) {
  const Detector detector = make_detector(16);
  const std::vector<Regions> regions{upright_regions(make_row(1, 8.0F))};
  for (const PlaceOptions& options : {PlaceOptions{.views = 2}, PlaceOptions{.views = 3}}) {
    EXPECT_EQ(code_of([&] { (void)detector.place(images(1), regions, options); }),
              ErrorCode::kInvalidInput);
    EXPECT_EQ(code_of([&] {
                PredictOptions predict = kOneLook;
                predict.place = options;
                (void)detector.predict(images(1), predict);
              }),
              ErrorCode::kInvalidInput);
  }
  LandmarkNetwork network = fake_landmark_network();
  network.mirror = {1, 2, 0};  // not its own inverse
  EXPECT_EQ(code_of([&] {
              (void)Detector({std::nullopt, network, std::nullopt}, make_fake_backend(script_), 16);
            }),
            ErrorCode::kBundle);
}

// The network that rescored saw one view, so that its outputs are not reused.
TEST_F(DetectorOnFake, TwoViewsArePlacedAfterRescoring) {
  LandmarkNetwork network = fake_landmark_network();
  network.mirror = {0, 2, 1};
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F}}; };
  const Detector detector({fake_finder_network(), network, std::nullopt},
                          make_fake_backend(script_), 16);
  PredictOptions options = kRescoring;
  options.place.views = 2;
  ASSERT_EQ(detector.predict(images(1), options).images.front().size(), 1U);
  EXPECT_EQ(batches(kFakeLandmarksIndex), (std::vector<std::size_t>{1, 2}));
  EXPECT_TRUE(script_.runs.back().tasks.back().crop.is_mirrored());
}

TEST_F(DetectorOnFake, BlendingTakesWhatRescoringPlaced) {
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F}, {1, 0.8F}}; };
  const Detector detector = make_rescoring_detector();
  PredictOptions options = kRescoring;
  options.place.blends = true;
  ASSERT_EQ(detector.predict(images(1), options).images.front().size(), 2U);
  EXPECT_EQ(batches(kFakeLandmarksIndex), std::vector<std::size_t>{2});
  EXPECT_EQ(batches(kFakeRescorerIndex), std::vector<std::size_t>{2});
}

TEST_F(DetectorOnFake, BlendingInGivenRegionsRunsBothNetworks) {
  const Detector detector = make_rescoring_detector();
  const std::vector<Regions> regions{upright_regions(make_row(3, 8.0F))};
  const Placement placed = detector.place(images(1), regions, {.blends = true});
  expect_faces_in(placed.images.front(), make_row(3, 8.0F));
  EXPECT_EQ(batches(kFakeLandmarksIndex), std::vector<std::size_t>{3});
  EXPECT_EQ(batches(kFakeRescorerIndex), std::vector<std::size_t>{3});
  EXPECT_EQ(script_.known_crops, std::vector<int>{6});
}

TEST_F(DetectorOnFake, BlendingNeedsTwoNetworksOfTheSameLandmarks) {
  const std::vector<Regions> regions{upright_regions(make_row(1, 8.0F))};
  LandmarkNetwork two_landmarks = fake_landmark_network();
  two_landmarks.num_landmarks = 2;
  const Detector alone = make_detector(16);
  const Detector unlike({fake_finder_network(), fake_landmark_network(), two_landmarks},
                        make_fake_backend(script_), 16);
  for (const Detector* detector : {&alone, &unlike}) {
    EXPECT_EQ(code_of([&] { (void)detector->place(images(1), regions, {.blends = true}); }),
              ErrorCode::kInvalidInput);
  }
  EXPECT_TRUE(script_.runs.empty());
}

// The landmark network's hardness is 0.0884 by default: a mean spread of 2 over the root of 32 x 16.
constexpr float kFakeHardness = 0.0883883F;

class CompanionOnFake : public DetectorOnFake {
 protected:
  [[nodiscard]] Detector make_companion_detector(const CompanionRule& rule, int max_batch = 16) {
    LandmarkNetwork network = fake_landmark_network();
    network.mirror = {0, 2, 1};
    return {{fake_finder_network(), network, network, CompanionNetwork{network, rule}},
            make_fake_backend(script_),
            max_batch};
  }

  // How far right the companion moved a face that is `hardness` hard.
  float moved_px(const Detector& detector, float hardness) {
    script_.spread_of = [=](const CropTask&) { return hardness / kFakeHardness; };
    const std::vector<Regions> regions{upright_regions(make_row(1, 8.0F))};
    const Detections alone = detector.place(images(1), regions, {}).images.front();
    const Detections both =
        detector.place(images(1), regions, {.uses_companion = true}).images.front();
    return both.landmarks[0].x - alone.landmarks[0].x;
  }
};

TEST_F(CompanionOnFake, PlacesOnlyFacesThatAreHard) {
  const Detector detector = make_companion_detector({0.1F, 0.2F, 1.0F}, 2);
  script_.spread_of = [](const CropTask& task) {  // hard are the second and the third of a row
    const float x = task.crop.to_image({16.0F, 16.0F}).x;
    return x > 15.0F && x < 35.0F ? 5.0F : 1.0F;
  };
  script_.companion_shift_px = 4.0F;
  const std::vector<Regions> regions{upright_regions(make_row(4, 8.0F)),
                                     upright_regions(make_row(1, 8.0F)),
                                     upright_regions(make_row(3, 8.0F))};
  const std::vector<Detections> alone = detector.place(images(3), regions, {}).images;
  script_.runs.clear();
  const std::vector<Detections> placed =
      detector.place(images(3), regions, {.uses_companion = true}).images;
  EXPECT_EQ(batches(kFakeLandmarksIndex), (std::vector<std::size_t>{2, 2, 2, 2}));
  EXPECT_EQ(batches(kFakeCompanionIndex), (std::vector<std::size_t>{2, 2}));
  EXPECT_TRUE(batches(kFakeRescorerIndex).empty());
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t row = 0; row < placed[i].size(); ++row) {
      const float moved = placed[i].landmarks[3 * row].x - alone[i].landmarks[3 * row].x;
      const bool is_hard = row == 1 || row == 2;
      EXPECT_NEAR(moved, is_hard ? 4.0F * 25.0F / 32.0F * 125.0F / 126.0F : 0.0F, 1e-3F) << row;
    }
  }
}

TEST_F(CompanionOnFake, CountsMoreTheHarderAFaceIsWithoutAJump) {
  const CompanionRule rule{0.1F, 0.2F, 1.0F};
  const Detector detector = make_companion_detector(rule);
  script_.companion_shift_px = 4.0F;
  EXPECT_EQ(moved_px(detector, 0.0999F), 0.0F);
  EXPECT_TRUE(batches(kFakeCompanionIndex).empty());
  float before = 0.0F;
  for (float hardness = 0.1F; hardness < 0.25F; hardness += 0.001F) {
    const float moved = moved_px(detector, hardness);
    EXPECT_GE(moved, before - 1e-4F) << hardness;
    EXPECT_LT(moved, before + 0.06F) << hardness;
    before = moved;
  }
  EXPECT_GT(before, 2.5F);
}

TEST_F(CompanionOnFake, SeesWhatIsKeptOfFoundFaces) {
  const Detector detector = make_companion_detector({0.01F, 0.02F, 1.0F});
  script_.faces_of = [](int image) {
    return std::vector<ScriptedFace>{{0, 0.9F}, {1, image == 0 ? 0.8F : 0.3F}};
  };
  script_.presence_of = [](int image) { return image == 1 ? 0.1F : 1.0F; };  // which drops a face
  script_.companion_shift_px = 4.0F;
  PredictOptions options = kRescoring;
  options.place.uses_companion = true;
  options.place.blends = true;
  const std::vector<ImageView> views = images(2);
  const Prediction found = detector.predict(views, options);
  EXPECT_EQ(found.images[0].size(), 2U);
  EXPECT_EQ(found.images[1].size(), 0U);
  EXPECT_EQ(batches(kFakeLandmarksIndex).size(), 1U);
  EXPECT_EQ(batches(kFakeCompanionIndex), std::vector<std::size_t>{2});
  const std::vector<Regions> regions{detector.detect(views, options.detect).images[0], {}};
  const Detections placed = detector.place(views, regions, options.place).images[0];
  for (std::size_t k = 0; k < placed.landmarks.size(); ++k) {
    EXPECT_FLOAT_EQ(found.images[0].landmarks[k].x, placed.landmarks[k].x);
  }
}

double sum_of_stages(const StageTimes& times) {
  return times.hold_ms + times.letterbox_ms + times.find_ms + times.decode_ms + times.rescore_ms +
         times.select_ms + times.crop_ms + times.infer_ms + times.map_ms;
}

// Whether the stages hold all but the part `limit` of a call's time. One of 20 calls has to: on a busy
// machine another process may take the core between two stages.
template <class Call>
bool is_counted(const Call& call, double limit) {
  for (int i = 0; i < 20; ++i) {
    const StageTimes times = call();
    if (std::abs(times.total_ms - sum_of_stages(times)) <= limit * times.total_ms) {
      return true;
    }
  }
  return false;
}

TEST_F(CompanionOnFake, TakesTheSameViewsAndItsTimeIsCounted) {
  const Detector detector = make_companion_detector({0.01F, 0.02F, 1.0F});
  const std::vector<Regions> regions{upright_regions(make_row(3, 8.0F))};
  script_.run_time = std::chrono::milliseconds(4);
  const Placement placed = detector.place(images(1), regions, {.views = 2, .uses_companion = true});
  EXPECT_EQ(batches(kFakeLandmarksIndex), std::vector<std::size_t>{6});
  EXPECT_EQ(batches(kFakeCompanionIndex), std::vector<std::size_t>{6});
  EXPECT_EQ(script_.known_crops, std::vector<int>{12});
  const StageTimes& times = placed.times;
  EXPECT_GE(times.crop_ms + times.infer_ms, 8.0);
  const PlaceOptions options{.views = 2, .uses_companion = true};
  EXPECT_TRUE(is_counted([&] { return detector.place(images(1), regions, options).times; }, 0.1));
}

TEST_F(CompanionOnFake, MustBeThereAndFit) {
  const std::vector<Regions> regions{upright_regions(make_row(1, 8.0F))};
  LandmarkNetwork two_landmarks = fake_landmark_network();
  two_landmarks.num_landmarks = 2;
  const Detector alone = make_detector(16);
  const Detector unlike({fake_finder_network(), fake_landmark_network(), fake_landmark_network(),
                         CompanionNetwork{two_landmarks}},
                        make_fake_backend(script_), 16);
  for (const Detector* detector : {&alone, &unlike}) {
    EXPECT_EQ(code_of([&] { (void)detector->place(images(1), regions, {.uses_companion = true}); }),
              ErrorCode::kInvalidInput);
  }
  for (const CompanionRule& rule :
       {CompanionRule{0.2F, 0.1F, 1.0F}, CompanionRule{0.1F, 0.1F, 1.0F},
        CompanionRule{-0.1F, 0.1F, 1.0F}, CompanionRule{0.1F, 2.0F, 1.0F},
        CompanionRule{0.1F, 0.2F, 0.0F}, CompanionRule{std::nanf(""), 0.2F, 1.0F}}) {
    EXPECT_EQ(code_of([&] { (void)make_companion_detector(rule); }), ErrorCode::kBundle);
  }
  EXPECT_TRUE(script_.runs.empty());
}

TEST_F(DetectorOnFake, TellsTheBackendAllCropsWhereTheyAreKnown) {
  const Detector detector = make_rescoring_detector();
  const std::vector<Regions> regions{upright_regions(make_row(3, 0.0F)), Regions{}};
  (void)detector.place(images(2), regions, {});
  (void)detector.place(images(1), std::vector<Regions>{Regions{}}, {});
  (void)detector.detect(images(1), kRescoring.detect);
  (void)detector.hold(images(1));
  EXPECT_EQ(script_.known_crops, (std::vector<int>{3, 0, -1, -1}));
}

TEST_F(DetectorOnFake, RegionsAreRefusedUnlessWhole) {
  const Detector detector = make_detector(2);
  const auto refused = [&](const auto& spoil) {
    std::vector<Regions> regions{upright_regions(make_row(2, 0.0F))};
    spoil(regions[0]);
    EXPECT_EQ(code_of([&] { (void)detector.place(images(1), regions, {}); }),
              ErrorCode::kInvalidInput);
  };
  refused([](Regions& regions) { regions.angles_deg[1] = std::nanf(""); });
  refused([](Regions& regions) { regions.angles_deg.pop_back(); });
  refused([](Regions& regions) { regions.scores.clear(); });
  refused([](Regions& regions) { regions.keypoints.pop_back(); });
  refused([](Regions& regions) { regions.boxes[1].x1 = 1e6F; });
  EXPECT_TRUE(script_.runs.empty());
}

TEST_F(DetectorOnFake, EachNetworkMayBeMissing) {
  const Networks only_finder{fake_finder_network(), std::nullopt, std::nullopt};
  EXPECT_EQ(code_of([&] { (void)Detector(Networks(), make_fake_backend(script_), 2); }),
            ErrorCode::kInvalidInput);
  const Detector detector(only_finder, make_fake_backend(script_), 2);
  EXPECT_EQ(detector.num_landmarks(), 0);
  EXPECT_EQ(code_of([&] { (void)detector.detect(images(1), kRescoring.detect); }),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of([&] { (void)detector.predict(images(1), kOneLook); }),
            ErrorCode::kInvalidInput);
}

TEST_F(DetectorOnFake, StageTimesAddUpToTheTotal) {
  script_.run_time = std::chrono::milliseconds(20);
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 0.0F}}; };
  const Detector detector = make_rescoring_detector();
  const StageTimes times = detector.predict(images(2), kRescoring).times;
  EXPECT_TRUE(is_counted([&] { return detector.predict(images(2), kRescoring).times; }, 0.05));
  EXPECT_GE(times.total_ms, 60.0);  // finder, rescoring, landmarks
  EXPECT_GE(times.letterbox_ms, 10.0);
  EXPECT_GE(times.find_ms, 10.0);
  EXPECT_GE(times.rescore_ms, 20.0);
  EXPECT_GE(times.crop_ms, 10.0);
  EXPECT_GE(times.infer_ms, 10.0);
}

TEST_F(DetectorOnFake, RescoringByTheLandmarkNetworkIsNotCountedTwice) {
  script_.run_time = std::chrono::milliseconds(20);
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 0.0F}}; };
  const Detector detector = make_detector(16);
  const StageTimes times = detector.predict(images(1), kRescoring).times;
  EXPECT_EQ(times.rescore_ms, 0.0);
  EXPECT_GE(times.infer_ms, 10.0);
  EXPECT_EQ(batches(kFakeLandmarksIndex), std::vector<std::size_t>{1});
  EXPECT_TRUE(is_counted([&] { return detector.predict(images(1), kRescoring).times; }, 0.05));
  EXPECT_GE(detector.detect(images(1), kRescoring.detect).times.rescore_ms, 20.0);
}

TEST_F(DetectorOnFake, ACallEndsBetweenBatches) {
  const Detector detector = make_detector(2);
  const std::vector<Regions> regions{upright_regions(make_row(6, 0.0F))};
  struct Stop {};
  int calls = 0;
  const PlaceOptions stop_after_two{[&] {
    if (++calls == 2) {
      throw Stop();
    }
  }};
  EXPECT_THROW((void)detector.place(images(1), regions, stop_after_two), Stop);
  EXPECT_EQ(batches(kFakeLandmarksIndex), (std::vector<std::size_t>{2, 2}));
  EXPECT_EQ(script_.held, 0);
}

TEST_F(DetectorOnFake, OutputsThatAreNoNumbersAreAnError) {
  const std::vector<Regions> regions{upright_regions(make_row(2, 0.0F))};
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity(), -1.0F, 3e38F}) {
    script_.presence_of = [&](int) { return bad; };
    const Detector detector = make_detector(2);
    EXPECT_EQ(code_of([&] { (void)detector.place(images(1), regions, {}); }),
              ErrorCode::kInference);
  }
}

TEST_F(DetectorOnFake, AFaceThatIsTurnedOtherwiseIsTriedAgain) {
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 0.0F}}; };
  script_.presence_of = [calls = 0](int) mutable {
    constexpr float kPresence[] = {0.1F, 0.3F, 0.97F, 0.2F, 0.1F};  // as found, +90, -90, 180, 0
    return kPresence[calls++ % 5];
  };
  const Detections found = make_detector(16).predict(images(1), kRescoring).images[0];
  EXPECT_EQ(batches(kFakeLandmarksIndex), (std::vector<std::size_t>{1, 4}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FLOAT_EQ(found.angles_deg[0], -90.0F);
  EXPECT_FLOAT_EQ(found.presence[0], 0.97F);
}

TEST_F(DetectorOnFake, AFaceOfAWrongAngleIsTriedUpright) {
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F, 8.0F, 45.0F}}; };
  script_.presence_of = [calls = 0](int) mutable { return calls++ % 5 == 4 ? 0.97F : 0.1F; };
  const Detections found = make_detector(16).predict(images(1), kRescoring).images[0];
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FLOAT_EQ(found.angles_deg[0], 0.0F);
  EXPECT_FLOAT_EQ(found.presence[0], 0.97F);
}

TEST_F(DetectorOnFake, AFaceThatNoTurnHelpsIsDropped) {
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.99F, 8.0F, 0.0F}}; };
  script_.presence_of = [](int) { return 0.3F; };
  EXPECT_EQ(make_detector(16).predict(images(1), kRescoring).images[0].size(), 0U);
}

TEST_F(DetectorOnFake, APortraitCostsOneLook) {
  script_.is_resizable = true;
  script_.faces_of = [](int) { return std::vector<ScriptedFace>{{0, 0.9F, 60.0F, 0.0F}}; };
  const std::vector<std::uint8_t> pixels(640 * 480);
  const ImageView portrait{pixels.data(), 640, 480, 640, PixelFormat::kGray};
  const StageTimes times = make_detector(16).detect({&portrait, 1}, {}).times;
  ASSERT_EQ(times.looks[0].size(), 1U);
  EXPECT_EQ(times.looks[0][0].width, 64);
  EXPECT_EQ(times.looks[0][0].height, 64);  // 48 px, and a step is 32 px
}

TEST_F(DetectorOnFake, ALargeImageWithoutFacesIsSeenAgain) {
  const std::vector<std::uint8_t> pixels(1600 * 800);
  const ImageView large{pixels.data(), 1600, 800, 1600, PixelFormat::kGray};
  script_.is_resizable = true;
  const StageTimes times = make_detector(16).detect({&large, 1}, {}).times;
  ASSERT_EQ(times.looks[0].size(), 5U);     // of 64, 160, 400, 1000 and 1280 px
  EXPECT_EQ(times.looks[0][2].width, 448);  // a step is 64 px
  EXPECT_EQ(times.looks[0][2].height, 256);
  script_.is_resizable = false;
  EXPECT_GT(make_detector(16).detect({&large, 1}, {}).times.looks[0][1].views, 1);
  EXPECT_EQ(make_detector(16).detect({&large, 1}, {.finder_size = 64}).times.looks[0].size(), 1U);
}

}  // namespace
}  // namespace kilomark
