#include "kilomark/crop_image.hpp"

#include "cpu/preprocess.hpp"
#include "kilomark/crop.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark {

void crop_image(const ImageView& image, Point center, double side, double angle_deg,
                const NetworkInput& input, std::span<float> output) {
  check_image(image);
  check_input(input);
  const Crop crop = Crop::around(center, side, angle_deg, input.width, input.height);
  const auto size =
      3 * static_cast<std::size_t>(input.width) * static_cast<std::size_t>(input.height);
  if (output.size() != size) {
    fail(ErrorCode::kInvalidInput, text("an output of ", output.size(), " floats"),
         text(size, ", (3, ", input.height, ", ", input.width, ")"), "make room for the crop");
  }
  cpu::CropWorkspace workspace;
  cpu::crop_image(image, crop, input, workspace, output);
}

}  // namespace kilomark
