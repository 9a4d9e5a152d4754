// The crop kernel, thread by thread on the CPU or on a GPU, against the CPU's own crop: the same
// bits.

#include "cuda/plugin/crop_kernel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "cpu/preprocess.hpp"
#include "crop_runner.hpp"
#include "needs_gpu.hpp"
#include "resample_plan.hpp"

namespace kilomark::cuda {
namespace {

// An image of noise whose rows lie apart.
struct Noise {
  Noise(int width, int height, PixelFormat format, unsigned seed)
      : bytes(static_cast<std::size_t>((width * channel_count(format) + 7) * height)) {
    std::mt19937 random(seed);
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random());
    }
    view = {bytes.data(), width, height, width * channel_count(format) + 7, format};
  }
  std::vector<std::uint8_t> bytes;
  ImageView view;
};

FrameView to_frame(const ImageView& image) {
  return {image.pixels,
          nullptr,
          image.row_stride_bytes,
          0,
          image.width,
          image.height,
          channel_count(image.format),
          FrameFormat::kPacked,
          FrameMemory::kDevice,
          0};
}

NetworkInput network_input(int width, int height) {
  return {width, height, ChannelOrder::kRgb, {123.7F, 116.3F, 103.5F}, {58.4F, 57.1F, 57.4F}};
}

// Squares inside, over every border, outside, turned, magnified and shrunk by up to 9.
std::vector<Crop> many_crops(const ImageView& image, int width, int height) {
  std::vector<Crop> crops{Crop::letterbox(image.width, image.height, width, height)};
  const auto wide = static_cast<float>(image.width);
  const auto high = static_cast<float>(image.height);
  for (const double scale : {0.31, 1.0, 1.7, 2.0, 3.3, 9.1}) {
    for (const double angle_deg : {0.0, 17.5, -90.0, 211.0}) {
      const double side = scale * std::max(width, height);
      crops.push_back(Crop::around({0.4F * wide, 0.6F * high}, side, angle_deg, width, height));
      crops.push_back(Crop::around({-3.0F, high + 2.0F}, side, angle_deg, width, height));
    }
  }
  return crops;
}

std::vector<float> crop_on_cpu(const ImageView& image, const Crop& crop,
                               const NetworkInput& input) {
  cpu::CropWorkspace workspace;
  std::vector<float> output(static_cast<std::size_t>(3 * input.width * input.height));
  cpu::crop_image(image, crop, input, workspace, output);
  return output;
}

template <class Number>
std::vector<Number> launch(const std::vector<CropItem>& items, TensorType type, int width,
                           int height) {
  const std::vector<std::byte> tensor = run_crops(items, type, width, height);
  std::vector<Number> output(tensor.size() / sizeof(Number));
  std::memcpy(output.data(), tensor.data(), tensor.size());
  return output;
}

class CropKernel : public testing::TestWithParam<PixelFormat> {
 protected:
  void SetUp() override { skip_without_gpu(why_no_crops()); }
};

TEST_P(CropKernel, GivesTheBitsOfTheCpu) {
  const int width = 45;  // neither is a multiple of a block
  const int height = 37;
  const NetworkInput input = network_input(width, height);
  const Noise large(131, 97, GetParam(), 1);
  const Noise small(13, 7, GetParam(), 2);
  std::vector<CropItem> items;
  std::vector<float> expected;
  for (const Noise* noise : {&large, &small}) {  // several frames in one launch
    for (const Crop& crop : many_crops(noise->view, width, height)) {
      items.push_back({make_resample_plan(crop, GetParam(), input), to_frame(noise->view)});
      const std::vector<float> one = crop_on_cpu(noise->view, crop, input);
      expected.insert(expected.end(), one.begin(), one.end());
    }
  }
  EXPECT_EQ(launch<float>(items, TensorType::kFloat, width, height), expected);

  std::vector<std::uint16_t> halves(expected.size());
  std::ranges::transform(expected, halves.begin(), to_half);
  EXPECT_EQ(launch<std::uint16_t>(items, TensorType::kHalf, width, height), halves);
}

INSTANTIATE_TEST_SUITE_P(Formats, CropKernel,
                         testing::Values(PixelFormat::kGray, PixelFormat::kBgr, PixelFormat::kRgb,
                                         PixelFormat::kBgra, PixelFormat::kRgba));

// A surface of a decoder, luma and chroma of one allocation, and the RGB image that it stands for.
struct Surface {
  Surface(int width, int height, FrameFormat format)
      : stride(width + 5), bytes(static_cast<std::size_t>(stride * (height + (height + 1) / 2))) {
    std::mt19937 random(3);
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random());
    }
    const std::uint8_t* chroma = bytes.data() + stride * height;
    frame = {bytes.data(),         chroma, stride, stride, width, height, 1, format,
             FrameMemory::kDevice, 0};
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::uint8_t* pair = chroma + y / 2 * stride + x / 2 * 2;
        convert(bytes[static_cast<std::size_t>(y * stride + x)], pair[0], pair[1]);
      }
    }
    image = {rgb.data(), width, height, 3 * width, PixelFormat::kRgb};
  }

  // The textbook: limited range, from the weights of red and blue in luma.
  void convert(double y, double u, double v) {
    const bool is_bt709 = frame.format == FrameFormat::kNv12Bt709;
    const double red = is_bt709 ? 0.2126 : 0.299;
    const double blue = is_bt709 ? 0.0722 : 0.114;
    const double light = (y - 16.0) / 219.0;
    const double r = light + 2.0 * (1.0 - red) * (v - 128.0) / 224.0;
    const double b = light + 2.0 * (1.0 - blue) * (u - 128.0) / 224.0;
    const double g = (light - red * r - blue * b) / (1.0 - red - blue);
    for (const double value : {r, g, b}) {
      rgb.push_back(static_cast<std::uint8_t>(std::clamp(std::round(255.0 * value), 0.0, 255.0)));
    }
  }

  [[nodiscard]] std::vector<std::uint8_t> as_converted_by_the_kernel() const {
    const Nv12Surface surface = nv12_surface(frame);
    std::vector<std::uint8_t> converted;
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) {
        const Pixel pixel = read_nv12_cell(surface, 1, x, y);
        for (int c = 0; c < 3; ++c) {
          converted.push_back(static_cast<std::uint8_t>(pixel.value[c]));
        }
      }
    }
    return converted;
  }

  int stride;
  std::vector<std::uint8_t> bytes;
  FrameView frame;
  std::vector<std::uint8_t> rgb;
  ImageView image;
};

class CropKernelOfNv12 : public testing::TestWithParam<FrameFormat> {
 protected:
  void SetUp() override { skip_without_gpu(why_no_crops()); }
};

TEST_P(CropKernelOfNv12, GivesTheCropOfTheConvertedImage) {
  const int size = 33;
  NetworkInput input = network_input(size, size);
  input.std = {1.0F, 1.0F, 1.0F};
  for (const auto& [width, height] : {std::pair(64, 48), std::pair(63, 47)}) {
    const Surface surface(width, height, GetParam());
    std::vector<CropItem> items;
    std::vector<float> expected;
    for (const Crop& crop : many_crops(surface.image, size, size)) {
      items.push_back({make_resample_plan(crop, PixelFormat::kRgb, input), surface.frame});
      const std::vector<float> one = crop_on_cpu(surface.image, crop, input);
      expected.insert(expected.end(), one.begin(), one.end());
    }
    const std::vector<float> found = launch<float>(items, TensorType::kFloat, size, size);
    // One level, where float and double round a half to different sides; hardly ever.
    std::size_t differing = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(found[i], expected[i], 1.01F) << i;
      differing += std::abs(found[i] - expected[i]) > 1e-3F ? 1 : 0;
    }
    EXPECT_LE(differing, expected.size() / 1000);
  }
}

// What is converted is bytes, so that a crop of the converted image has the same bits on the CPU.
TEST_P(CropKernelOfNv12, GivesTheBitsThatTheCpuMakesOfItsConversion) {
  const int size = 33;
  const NetworkInput input = network_input(size, size);
  for (const auto& [width, height] : {std::pair(64, 48), std::pair(63, 47), std::pair(1, 1)}) {
    const Surface surface(width, height, GetParam());
    const std::vector<std::uint8_t> rgb = surface.as_converted_by_the_kernel();
    const ImageView image{rgb.data(), width, height, 3 * width, PixelFormat::kRgb};
    std::vector<CropItem> items;
    std::vector<float> expected;
    for (const Crop& crop : many_crops(image, size, size)) {
      items.push_back({make_resample_plan(crop, PixelFormat::kRgb, input), surface.frame});
      const std::vector<float> one = crop_on_cpu(image, crop, input);
      expected.insert(expected.end(), one.begin(), one.end());
    }
    EXPECT_EQ(launch<float>(items, TensorType::kFloat, size, size), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Matrices, CropKernelOfNv12,
                         testing::Values(FrameFormat::kNv12Bt601, FrameFormat::kNv12Bt709));

}  // namespace
}  // namespace kilomark::cuda
