// Any numbers as an image view and a network's input: refused with Error, or the views that the
// face detector looks at lie inside the limits.

#include <fuzzer/FuzzedDataProvider.h>

#include <cmath>
#include <vector>

#include "finder_views.hpp"
#include "kilomark/error.hpp"
#include "kilomark/image.hpp"
#include "kilomark/network.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kilomark;
  FuzzedDataProvider bytes(data, size);
  static const std::uint8_t kPixel = 0;
  ImageView image;
  image.pixels = bytes.ConsumeBool() ? &kPixel : nullptr;
  image.chroma = bytes.ConsumeBool() ? &kPixel : nullptr;
  image.width = bytes.ConsumeIntegral<int>();
  image.height = bytes.ConsumeIntegral<int>();
  image.row_stride_bytes = bytes.ConsumeIntegral<std::ptrdiff_t>();
  image.chroma_stride_bytes = bytes.ConsumeIntegral<std::ptrdiff_t>();
  image.format = static_cast<PixelFormat>(bytes.ConsumeIntegralInRange(0, 6));
  NetworkInput input{bytes.ConsumeIntegral<int>(),
                     bytes.ConsumeIntegral<int>(),
                     ChannelOrder::kRgb,
                     {bytes.ConsumeFloatingPoint<float>(), 0.0F, 0.0F},
                     {bytes.ConsumeFloatingPoint<float>(), 1.0F, 1.0F}};
  const int tiles = bytes.ConsumeIntegralInRange(1, 8);
  try {
    check_image(image);
    check_input(input);
    for (const Crop& view : finder_views(image.width, image.height, input, tiles)) {
      if (!(view.scale() >= Crop::kMinScale && view.scale() <= Crop::kMaxScale) ||
          !std::isfinite(view.x0()) || !std::isfinite(view.y0())) {
        __builtin_trap();
      }
    }
  } catch (const Error&) {
    return 0;
  }
  return 0;
}
