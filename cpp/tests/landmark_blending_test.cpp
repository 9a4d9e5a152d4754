#include "landmark_blending.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace kilomark {
namespace {

// One face of two landmarks.
Detections make_face(Point first, Point second, std::vector<float> spread,
                     std::vector<float> depth) {
  Detections face;
  face.boxes = {{0.0F, 0.0F, 10.0F, 10.0F}};
  face.landmarks = {first, second};
  face.spread = std::move(spread);
  face.presence = {0.9F};
  face.depth = std::move(depth);
  face.landmark_boxes = {box_around(face.landmarks)};
  return face;
}

TEST(BlendLandmarks, WeighsEachLandmarkByTheThirdPowerOfItsSpread) {
  Detections face = make_face({0.0F, 0.0F}, {10.0F, 10.0F}, {1.2F, 2.4F}, {});
  const Detections other = make_face({2.0F, 4.0F}, {12.0F, 10.0F}, {1.0F, 1.0F}, {});
  blend_landmarks(face, other);
  EXPECT_FLOAT_EQ(face.landmarks[0].x, 1.0F);
  EXPECT_FLOAT_EQ(face.landmarks[0].y, 2.0F);
  EXPECT_FLOAT_EQ(face.landmarks[1].x, 10.0F + 2.0F * 8.0F / 9.0F);
  EXPECT_FLOAT_EQ(face.spread[0], 1.1F);
  EXPECT_FLOAT_EQ(face.spread[1], 2.4F - 1.4F * 8.0F / 9.0F);
  EXPECT_FLOAT_EQ(face.presence[0], 0.9F);
  EXPECT_FLOAT_EQ(face.landmark_boxes[0].x0, 1.0F);
  EXPECT_FLOAT_EQ(face.landmark_boxes[0].x1, face.landmarks[1].x);
}

TEST(BlendLandmarks, StaysFiniteWhereASpreadIsNothingOrHuge) {
  Detections face = make_face({0.0F, 0.0F}, {10.0F, 10.0F}, {0.0F, 1e30F}, {});
  blend_landmarks(face, make_face({2.0F, 2.0F}, {12.0F, 12.0F}, {1e30F, 0.0F}, {}));
  EXPECT_NEAR(face.landmarks[0].x, 0.0F, 1e-3F);
  EXPECT_NEAR(face.landmarks[1].x, 12.0F, 1e-3F);
  for (const float spread : face.spread) {
    EXPECT_TRUE(std::isfinite(spread));
  }
}

TEST(BlendLandmarks, TakesTheDepthThatOneNetworkPredicts) {
  const Point p{1.0F, 1.0F};
  Detections without = make_face(p, p, {1.0F, 1.0F}, {});
  blend_landmarks(without, make_face(p, p, {1.0F, 1.0F}, {-3.0F, 3.0F}));
  EXPECT_EQ(without.depth, (std::vector<float>{-3.0F, 3.0F}));
  Detections with = make_face(p, p, {1.0F, 1.0F}, {-3.0F, 3.0F});
  blend_landmarks(with, make_face(p, p, {1.0F, 1.0F}, {}));
  EXPECT_EQ(with.depth, (std::vector<float>{-3.0F, 3.0F}));
}

TEST(BlendLandmarks, CentersTheDepthThatBothPredict) {
  const Point p{1.0F, 1.0F};
  Detections face = make_face(p, p, {1.2F, 1.2F}, {-1.0F, 1.0F});
  blend_landmarks(face, make_face(p, p, {1.0F, 1e-3F}, {-3.0F, 3.0F}));
  EXPECT_NEAR(face.depth[0] + face.depth[1], 0.0F, 1e-5F);
  EXPECT_NEAR(face.depth[1] - face.depth[0], 5.0F, 1e-3F);  // -2 and 3, before they are centered
}

TEST(HardFaces, AreThoseWhoseSpreadIsLargeForTheirSize) {
  const CompanionRule rule{0.1F, 0.2F, 1.0F};
  Detections faces;
  for (const float spread : {0.5F, 1.0F, 1.5F, 2.0F, 9.0F, std::nanf("")}) {
    const Detections face = make_face({0.0F, 0.0F}, {5.0F, 20.0F}, {spread, spread}, {});
    faces.boxes.push_back(face.boxes[0]);
    faces.landmarks.insert(faces.landmarks.end(), face.landmarks.begin(), face.landmarks.end());
    faces.spread.insert(faces.spread.end(), face.spread.begin(), face.spread.end());
    faces.landmark_boxes.push_back(face.landmark_boxes[0]);  // 5 x 20, as large as 10 x 10
  }
  const HardFaces hard = hard_faces(faces, rule);
  EXPECT_EQ(hard.rows, (std::vector<std::size_t>{2, 3, 4}));
  EXPECT_NEAR(hard.gates[0], 0.5F, 1e-5F);
  EXPECT_FLOAT_EQ(hard.gates[1], 1.0F);
  EXPECT_FLOAT_EQ(hard.gates[2], 1.0F);
}

TEST(BlendCompanion, CountsByItsGateInTheRowsThatItPlaced) {
  const CompanionRule rule{0.1F, 0.2F, 2.0F};
  const Point p{1.0F, 1.0F};
  Detections faces = make_face(p, p, {2.0F, 2.0F}, {});
  const Detections second = make_face({0.0F, 0.0F}, {10.0F, 10.0F}, {2.0F, 2.0F}, {});
  for (auto member : {&Detections::boxes, &Detections::landmark_boxes}) {
    (faces.*member).push_back((second.*member)[0]);
  }
  faces.landmarks.insert(faces.landmarks.end(), second.landmarks.begin(), second.landmarks.end());
  faces.spread.insert(faces.spread.end(), second.spread.begin(), second.spread.end());
  const Detections other = make_face({4.0F, 8.0F}, {12.0F, 10.0F}, {1.0F, 1e6F}, {-1.0F, 1.0F});
  blend_companion(faces, {{1}, {0.5F}}, other, rule);
  EXPECT_EQ(faces.landmarks[0].x, 1.0F);
  EXPECT_FLOAT_EQ(faces.landmarks[2].x, 1.0F);  // a quarter of 4: half of the gate, half by spread
  EXPECT_FLOAT_EQ(faces.landmarks[2].y, 2.0F);
  EXPECT_FLOAT_EQ(faces.landmarks[3].x, 10.0F);
  EXPECT_FLOAT_EQ(faces.landmark_boxes[1].x0, 1.0F);
  EXPECT_TRUE(faces.depth.empty());  // some faces would have it, others not
}

TEST(BlendLandmarks, NoFacesAreNoFaces) {
  Detections none;
  blend_landmarks(none, Detections());
  EXPECT_EQ(none.size(), 0U);
}

}  // namespace
}  // namespace kilomark
