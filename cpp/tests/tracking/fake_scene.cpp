#include "fake_scene.hpp"

#include <cmath>
#include <numbers>

#include "tracking/face_regions.hpp"

namespace kilomark::tracking {

namespace {

constexpr float kRadians = std::numbers::pi_v<float> / 180.0F;

Point turned(const FakeFace& face, float u, float v) {
  const float c = std::cos(face.angle_deg * kRadians) * face.side;
  const float s = std::sin(face.angle_deg * kRadians) * face.side;
  return {face.center.x + c * u - s * v, face.center.y + s * u + c * v};
}

}  // namespace

FakeScene::FakeScene() : pixels_(std::size_t{kWidth} * kHeight) { change_scene(1); }

FaceLayout FakeScene::layout() {
  FaceLayout layout;
  for (int k = 0; k < kLandmarks; ++k) {
    layout.mobility.push_back(k < 16 ? 0.0F : 1.0F);
    layout.groups.push_back(k < 12 ? 0 : k < 16 ? 1 : 2);
  }
  layout.right_eye = {12, 13};
  layout.left_eye = {14, 15};
  return layout;
}

std::vector<Point> FakeScene::landmarks_of(const FakeFace& face) {
  std::vector<Point> out;
  for (int k = 0; k < 12; ++k) {
    const float angle = static_cast<float>(k) * 30.0F * kRadians;
    out.push_back(turned(face, 0.4F * std::sin(angle), -0.5F * std::cos(angle)));
  }
  for (const float u : {-0.25F, -0.1F, 0.1F, 0.25F}) {
    out.push_back(turned(face, u, -0.1F));
  }
  for (int k = 0; k < 8; ++k) {
    const float angle = static_cast<float>(k) * 45.0F * kRadians;
    out.push_back(
        turned(face, 0.15F * std::sin(angle), 0.25F - 0.5F * face.mouth * std::cos(angle)));
  }
  return out;
}

ImageView FakeScene::image() const {
  return {pixels_.data(), kWidth, kHeight, kWidth, PixelFormat::kGray};
}

void FakeScene::change_scene(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> patches(16 * 12);
  for (std::uint8_t& patch : patches) {
    patch = static_cast<std::uint8_t>(random() % 256);
  }
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      pixels_[static_cast<std::size_t>(y * kWidth + x)] =
          patches[static_cast<std::size_t>(y / 40 * 16 + x / 40)];
    }
  }
}

std::vector<FaceRegion> FakeScene::detect(const ImageView& image) const {
  ++num_looks;
  return seen_in(image, &FakeFace::score);
}

std::vector<FaceRegion> FakeScene::detect_closely(const ImageView& part,
                                                  int /*longer_side_px*/) const {
  ++num_close_looks;
  return seen_in(part, &FakeFace::close_score);
}

std::vector<FaceRegion> FakeScene::seen_in(const ImageView& image, float FakeFace::* score) const {
  const auto offset = image.pixels - pixels_.data();
  const auto x0 = static_cast<float>(offset % kWidth);
  const auto y0 = static_cast<float>(offset / kWidth);
  std::vector<FaceRegion> out;
  for (const FakeFace& face : faces) {
    FaceRegion region = region_of(landmarks_of(face), layout(), 0.0F);
    region.score = face.*score;
    const Box& box = region.box;
    region.box = {box.x0 - x0, box.y0 - y0, box.x1 - x0, box.y1 - y0};
    if (!face.is_hidden && face.*score > 0.0F &&
        share_in_image(region.box, image.width, image.height) > 0.9F) {
      out.push_back(region);
    }
  }
  return out;
}

std::vector<PlacedFace> FakeScene::place(const ImageView& /*image*/,
                                         std::span<const FaceRegion> regions) const {
  std::vector<PlacedFace> out;
  for (const FaceRegion& region : regions) {
    ++num_placed;
    out.push_back(place_one(region));
  }
  return out;
}

// The frontmost face whose center lies in the middle of the region.
PlacedFace FakeScene::place_one(const FaceRegion& region) const {
  const Point at = center_of(region.box);
  PlacedFace placed;
  placed.spread.assign(kLandmarks, 0.02F * longer_side(region.box));
  placed.landmarks = landmarks_of({at, longer_side(region.box), region.angle_deg});
  for (const FakeFace& face : faces) {
    const float distance = std::hypot(face.center.x - at.x, face.center.y - at.y);
    if (!face.is_hidden && distance < 0.6F * longer_side(region.box)) {
      placed.presence = face.presence;
      if (face.presence >= 0.5F) {
        placed.landmarks = landmarks_of(face);
      }
    }
  }
  std::normal_distribution<float> noise(0.0F, 1.0F);
  for (Point& p : placed.landmarks) {
    p.x += noise_px * noise(random_);
    p.y += noise_px * noise(random_);
  }
  return placed;
}

}  // namespace kilomark::tracking
