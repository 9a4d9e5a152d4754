// Crops of images whose pixels end exactly where the view ends: no byte outside is read, and the
// kernels of this CPU give what the portable ones give.

#include "kilomark/crop.hpp"

#include <fuzzer/FuzzedDataProvider.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "cpu/preprocess.hpp"
#include "kilomark/crop_image.hpp"
#include "kilomark/error.hpp"

namespace {

using namespace kilomark;

constexpr PixelFormat kFormats[] = {PixelFormat::kGray, PixelFormat::kBgr, PixelFormat::kRgb,
                                    PixelFormat::kBgra, PixelFormat::kRgba};

// A float of any kind, most of them of a size that crops have.
float number(FuzzedDataProvider& bytes) {
  return bytes.ConsumeBool() ? bytes.ConsumeFloatingPoint<float>()
                             : bytes.ConsumeFloatingPointInRange<float>(-200.0F, 200.0F);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider bytes(data, size);
  ImageView image;
  image.format = bytes.PickValueInArray(kFormats);
  image.width = bytes.ConsumeIntegralInRange(1, 70);
  image.height = bytes.ConsumeIntegralInRange(1, 70);
  const int row_bytes = image.width * channel_count(image.format);
  image.row_stride_bytes = row_bytes + bytes.ConsumeIntegralInRange(0, 9);
  const auto needed = static_cast<std::size_t>(image.row_stride_bytes) *
                          static_cast<std::size_t>(image.height - 1) +
                      static_cast<std::size_t>(row_bytes);
  const Point center{number(bytes), number(bytes)};
  const double side = number(bytes);
  const double angle = number(bytes);
  NetworkInput input{bytes.ConsumeIntegralInRange(1, 40),
                     bytes.ConsumeIntegralInRange(1, 40),
                     bytes.ConsumeBool() ? ChannelOrder::kRgb : ChannelOrder::kBgr,
                     {1.0F, 2.0F, 3.0F},
                     {50.0F, 60.0F, 70.0F}};
  const auto pixels = std::make_unique<std::uint8_t[]>(needed);  // exactly as many as are there
  bytes.ConsumeData(pixels.get(), needed);
  image.pixels = pixels.get();

  const auto area = static_cast<std::size_t>(input.width) * static_cast<std::size_t>(input.height);
  std::vector<float> found(3 * area);
  std::vector<float> expected(3 * area);
  try {
    crop_image(image, center, side, angle, input, found);
    const Crop crop = Crop::around(center, side, angle, input.width, input.height);
    cpu::CropWorkspace workspace;
    cpu::crop_image(image, crop, input, workspace, expected, cpu::portable_kernels());
  } catch (const Error&) {
    return 0;
  }
  if (std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) != 0) {
    __builtin_trap();
  }
  return 0;
}
