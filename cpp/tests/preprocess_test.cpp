#include "cpu/preprocess.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace kilomark::cpu {
namespace {

NetworkInput plain_input(int size) {
  NetworkInput input;
  input.width = input.height = size;
  input.mean = {100.0F, 100.0F, 100.0F};
  input.std = {1.0F, 1.0F, 1.0F};
  return input;
}

std::vector<float> cropped(const ImageView& image, const Crop& crop, int size) {
  CropWorkspace workspace;
  std::vector<float> output(static_cast<std::size_t>(3 * size * size));
  crop_image(image, crop, plain_input(size), workspace, output);
  return output;
}

// A BGR image whose blue grows along x, green along y, red is 50.
std::vector<std::uint8_t> ramp(int width, int height) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      pixels.push_back(static_cast<std::uint8_t>(x));
      pixels.push_back(static_cast<std::uint8_t>(y));
      pixels.push_back(50);
    }
  }
  return pixels;
}

TEST(CropImage, OfTheSameSizeCopiesPixels) {
  const int size = 33;
  const std::vector<std::uint8_t> pixels = ramp(size, size);
  const ImageView image{pixels.data(), size, size, size * 3, PixelFormat::kBgr};
  const std::vector<float> output = cropped(image, Crop::letterbox(size, size, size, size), size);
  const std::size_t plane = static_cast<std::size_t>(size * size);
  EXPECT_NEAR(output[5], 50.0F - 100.0F, 1e-3F);              // red first
  EXPECT_NEAR(output[plane + 5 * 33], 5.0F - 100.0F, 1e-3F);  // green: row 5
  EXPECT_NEAR(output[2 * plane + 7], 7.0F - 100.0F, 1e-3F);   // blue: column 7
}

TEST(CropImage, AveragesWhatItShrinks) {
  // Columns of 0 and 200 by turns: what does not average sees one or the other.
  const int width = 640;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width * width));
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = i % 2 == 0 ? 0 : 200;
  }
  const ImageView image{pixels.data(), width, width, width, PixelFormat::kGray};
  const Crop crop = Crop::around({320.0F, 320.0F}, 500.0, 0.0, 64, 64);
  for (const float value : cropped(image, crop, 64)) {
    EXPECT_NEAR(value, 0.0F, 8.0F);
  }
}

TEST(CropImage, ShowsTheMeanOutside) {
  const std::vector<std::uint8_t> pixels(3 * 8 * 8, 255);
  const ImageView image{pixels.data(), 8, 8, 24, PixelFormat::kRgb};
  const std::vector<float> output =
      cropped(image, Crop::around({4.0F, 4.0F}, 32.0, 10.0, 64, 64), 64);
  EXPECT_FLOAT_EQ(output[0], 0.0F);
  EXPECT_NEAR(output[32 * 64 + 32], 155.0F, 1e-2F);
}

TEST(CropImage, TakesRowsThatLieApart) {
  const int size = 24;
  const std::vector<std::uint8_t> wide = ramp(size + 9, size);
  const std::vector<std::uint8_t> tight = ramp(size, size);
  const ImageView strided{wide.data(), size, size, (size + 9) * 3, PixelFormat::kBgr};
  const ImageView packed{tight.data(), size, size, size * 3, PixelFormat::kBgr};
  const Crop crop = Crop::around({12.0F, 11.0F}, 17.0, 33.0, 32, 32);
  EXPECT_EQ(cropped(strided, crop, 32), cropped(packed, crop, 32));
}

}  // namespace
}  // namespace kilomark::cpu
