#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "kilomark/tracker.hpp"

namespace kilomark::tracking {

// A face of the fake scene: a ring of landmarks with two eyes and a mouth.
struct FakeFace {
  Point center;
  float side = 100.0F;
  float angle_deg = 0.0F;
  float mouth = 0.0F;        // opening, in sides
  float score = 0.95F;       // of the detector; 0: it is blind to this face
  bool is_hidden = false;    // nobody sees it
  float close_score = 0.0F;  // of the detector in a close look; 0: it is blind to this face
  float presence = 0.99F;    // below 0.5, the landmarks are a guess
};

// A scene with known faces in place of networks. Faces later in the list stand in front.
class FakeScene : public FaceSource {
 public:
  static constexpr int kWidth = 640;
  static constexpr int kHeight = 480;
  static constexpr int kLandmarks = 24;  // 0 to 11 the oval, 12 to 15 the eyes, 16 to 23 the mouth

  FakeScene();

  std::vector<FakeFace> faces;
  float noise_px = 0.0F;      // of each landmark
  mutable int num_looks = 0;  // of the detector
  mutable int num_close_looks = 0;
  mutable int num_placed = 0;  // regions

  [[nodiscard]] static FaceLayout layout();
  [[nodiscard]] static std::vector<Point> landmarks_of(const FakeFace& face);

  // The picture. Another scene has another one.
  [[nodiscard]] ImageView image() const;
  void change_scene(std::uint32_t seed);

  void restart_noise() { random_.seed(7); }

  [[nodiscard]] std::vector<FaceRegion> detect(const ImageView& image) const final;
  [[nodiscard]] std::vector<FaceRegion> detect_closely(const ImageView& part,
                                                       int longer_side_px) const final;
  [[nodiscard]] std::vector<PlacedFace> place(const ImageView& image,
                                              std::span<const FaceRegion> regions) const final;

 private:
  [[nodiscard]] std::vector<FaceRegion> seen_in(const ImageView& image,
                                                float FakeFace::* score) const;
  [[nodiscard]] PlacedFace place_one(const FaceRegion& region) const;

  std::vector<std::uint8_t> pixels_;
  mutable std::mt19937 random_{7};
};

}  // namespace kilomark::tracking
