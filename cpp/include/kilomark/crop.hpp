#pragma once

#include "kilomark/api.hpp"
#include "kilomark/geometry.hpp"

namespace kilomark {

// Where a network looks: the similarity map (scale, rotation, shift) from pixels of the network's
// input to pixels of the image, and its exact inverse. A mirrored crop shows the same part of the
// image with left and right exchanged.
//
// The pixel-center rule, for training, export, CPU and GPU alike: pixel i covers [i, i + 1), its
// center is i + 0.5, and (0, 0) is the top-left corner of the top-left pixel. Halving an image
// therefore halves every coordinate, and no other rule for shifts is needed anywhere.
class KILOMARK_API Crop {
 public:
  // The limits of `scale`, image pixels per input pixel.
  static constexpr double kMinScale = 1.0 / 8192.0;
  static constexpr double kMaxScale = 4096.0;

  // A square of side `side` px around `center`, which fills the longer side of the input. It is
  // turned by `angle_deg`, clockwise in the image: a face whose line from right eye to left eye
  // runs in that direction stands upright in the crop. Throws Error{kInvalidInput} if a value is
  // not finite or the scale is outside its limits.
  [[nodiscard]] static Crop around(Point center, double side, double angle_deg, int input_width,
                                   int input_height);

  // Letterbox: the whole image, as large as fits, in the top-left corner of the input. The rest of
  // the input lies outside the image.
  [[nodiscard]] static Crop letterbox(int image_width, int image_height, int input_width,
                                      int input_height);

  // The mirror image of this crop: its input pixel (u, v) is this crop's (width - u, v).
  [[nodiscard]] Crop mirrored() const;
  [[nodiscard]] bool is_mirrored() const { return is_mirrored_; }

  // Input pixels to image pixels, and back: to_input(to_image(p)) == p within 1e-3 px.
  [[nodiscard]] Point to_image(Point input) const;
  [[nodiscard]] Point to_input(Point image) const;

  // Image pixels per input pixel.
  [[nodiscard]] double scale() const { return scale_; }

  // The map itself: x = a * u - b * v + x0, y = b * u + a * v + y0. In a mirrored crop, u is
  // counted from the input's right edge.
  [[nodiscard]] double a() const { return a_; }
  [[nodiscard]] double b() const { return b_; }
  [[nodiscard]] double x0() const { return x0_; }
  [[nodiscard]] double y0() const { return y0_; }

  [[nodiscard]] int input_width() const { return input_width_; }
  [[nodiscard]] int input_height() const { return input_height_; }

 private:
  Crop(double scale, double a, double b, int input_width, int input_height);

  double scale_ = 1.0;
  double a_ = 1.0;
  double b_ = 0.0;
  double x0_ = 0.0;
  double y0_ = 0.0;
  int input_width_ = 0;
  int input_height_ = 0;
  bool is_mirrored_ = false;
};

}  // namespace kilomark
