#include "kilomark/crop_image.hpp"

#include "cpu/preprocess.hpp"
#include "kilomark/crop.hpp"

namespace kilomark {

std::vector<float> crop_image(const ImageView& image, Point center, double side, double angle_deg,
                              const NetworkInput& input) {
  check_image(image);
  check_input(input);
  const Crop crop = Crop::around(center, side, angle_deg, input.width, input.height);
  std::vector<float> output(3 * static_cast<std::size_t>(input.width) *
                            static_cast<std::size_t>(input.height));
  cpu::CropWorkspace workspace;
  cpu::crop_image(image, crop, input, workspace, output);
  return output;
}

}  // namespace kilomark
