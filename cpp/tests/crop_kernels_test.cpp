#include "cpu/crop_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <random>
#include <vector>

#include "cpu/crop_kernels_neon.hpp"
#include "cpu/preprocess.hpp"
#include "resample_plan.hpp"

namespace kilomark::cpu {
namespace {

constexpr int kWidth = 101;
constexpr int kHeight = 67;

struct Case {
  PixelFormat format;
  double shrink;
  double angle_deg;
  Point center;
  int width;  // of the input
  int height;
  bool is_mirrored = false;
};

std::ostream& operator<<(std::ostream& stream, const Case& c) {
  return stream << channel_count(c.format) << " channels, shrunk by " << c.shrink << ", turned by "
                << c.angle_deg << ", around " << c.center.x << ", input " << c.width << " x "
                << c.height << (c.is_mirrored ? ", mirrored" : "");
}

std::vector<Case> make_cases() {
  std::vector<Case> cases;
  for (const PixelFormat format : {PixelFormat::kGray, PixelFormat::kBgr, PixelFormat::kRgba}) {
    for (const double shrink : {0.3, 1.0, 1.7, 2.0, 2.1, 4.0, 5.9, 7.7, 12.3, 33.0, 40.0}) {
      for (const double angle_deg : {0.0, 10.0, -77.0, 180.0}) {
        cases.push_back({format, shrink, angle_deg, {50.5F, 33.25F}, 35, 34});
        cases.push_back({format, shrink, angle_deg, {1.0F, 70.0F}, 33, 3});
      }
    }
  }
  cases.push_back({PixelFormat::kBgr, 0.2, 3.0, {50.0F, 30.0F}, 300, 5});
  cases.push_back({PixelFormat::kBgr, 0.2, 0.0, {50.0F, 30.0F}, 300, 5});
  const std::size_t count = cases.size();
  for (std::size_t i = 0; i < count; ++i) {
    cases.push_back(cases[i]);
    cases.back().is_mirrored = true;
  }
  return cases;
}

// An image of noise in a buffer that ends where it does, so that a sanitizer sees a read beyond.
class NoiseImage {
 public:
  explicit NoiseImage(PixelFormat format)
      : pixels_(static_cast<std::size_t>(kWidth * kHeight * channel_count(format))),
        view_{pixels_.data(), kWidth, kHeight, std::ptrdiff_t{kWidth} * channel_count(format),
              format} {
    std::minstd_rand random(1);
    for (std::uint8_t& pixel : pixels_) {
      pixel = static_cast<std::uint8_t>(random() >> 8);
    }
  }

  [[nodiscard]] const ImageView& view() const { return view_; }

 private:
  std::vector<std::uint8_t> pixels_;
  ImageView view_;
};

NetworkInput make_input(const Case& c) {
  return {c.width, c.height, ChannelOrder::kRgb, {120.0F, 110.0F, 100.0F}, {50.0F, 60.0F, 70.0F}};
}

Crop make_crop(const Case& c) {
  const double side = c.shrink * std::max(c.width, c.height);
  const Crop crop = Crop::around(c.center, side, c.angle_deg, c.width, c.height);
  return c.is_mirrored ? crop.mirrored() : crop;
}

std::vector<float> run(const Case& c, const ImageView& image, const CropKernels& kernels,
                       TensorLayout layout = TensorLayout::kChannelsFirst) {
  CropWorkspace workspace;
  std::vector<float> output(3 * static_cast<std::size_t>(c.width * c.height));
  crop_image(image, make_crop(c), make_input(c), workspace, output, kernels, layout);
  return output;
}

std::vector<float> put_channels_last(const std::vector<float>& planes) {
  const std::size_t area = planes.size() / 3;
  std::vector<float> pixels(planes.size());
  for (std::size_t i = 0; i < area; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      pixels[3 * i + c] = planes[c * area + i];
    }
  }
  return pixels;
}

// Pixel by pixel with the functions of resample.hpp alone, as a GPU does it.
std::vector<float> crop_pixel_by_pixel(const ImageView& image, const ResamplePlan& plan) {
  const auto cell = [&](int column, int row) {
    return read_cell(image.pixels, image.row_stride_bytes, image.width, image.height,
                     channel_count(image.format), plan.block, plan.first_column + column,
                     plan.first_row + row);
  };
  const auto area = static_cast<std::size_t>(plan.width * plan.height);
  std::vector<float> output(3 * area);
  for (int v = 0; v < plan.height; ++v) {
    for (int u = 0; u < plan.width; ++u) {
      const Pixel sum = sample(plan, u, v, cell);
      for (int c = 0; c < 3; ++c) {
        const auto plane = static_cast<std::size_t>(plan.plane[c]);
        output[plane * area + static_cast<std::size_t>(v * plan.width + u)] =
            normalize(plan, sum, c);
      }
    }
  }
  return output;
}

TEST(CropKernels, GiveTheBitsOfTheHeader) {
  for (const Case& c : make_cases()) {
    SCOPED_TRACE(testing::Message() << c);
    const NoiseImage image(c.format);
    const ResamplePlan plan = make_resample_plan(make_crop(c), c.format, make_input(c));
    const std::vector<float> expected = crop_pixel_by_pixel(image.view(), plan);
    EXPECT_EQ(run(c, image.view(), portable_kernels()), expected);
    EXPECT_EQ(run(c, image.view(), best_kernels()), expected);
    for (const CropKernels* kernels : {&portable_kernels(), &best_kernels()}) {
      EXPECT_EQ(run(c, image.view(), *kernels, TensorLayout::kChannelsLast),
                put_channels_last(expected));
    }
  }
}

TEST(CropKernels, AMirroredCropIsTheCropWithItsRowsReversed) {
  for (const double angle_deg : {0.0, 10.0, -77.0, 180.0}) {
    const Case plain{PixelFormat::kBgr, 1.7, angle_deg, {50.5F, 33.25F}, 35, 34};
    Case mirrored = plain;
    mirrored.is_mirrored = true;
    const NoiseImage image(plain.format);
    const std::vector<float> one = run(plain, image.view(), best_kernels());
    const std::vector<float> other = run(mirrored, image.view(), best_kernels());
    for (std::size_t row = 0; row < 3U * 34U; ++row) {
      for (std::size_t u = 0; u < 35; ++u) {
        ASSERT_NEAR(other[row * 35 + u], one[row * 35 + 34 - u], 1e-3F) << angle_deg;
      }
    }
  }
}

#if defined(__x86_64__)
TEST(BestKernels, AreVectorsWhereTheMachineHasThem) {
  EXPECT_EQ(&best_kernels() != &portable_kernels(), __builtin_cpu_supports("avx2") != 0);
}
#elif defined(__aarch64__)
TEST(BestKernels, AreNeon) { EXPECT_EQ(&best_kernels(), &neon_kernels()); }
#endif

}  // namespace
}  // namespace kilomark::cpu
