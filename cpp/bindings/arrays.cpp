#include "arrays.hpp"

#include <array>
#include <sstream>

#include "kilomark/error.hpp"

namespace kilomark::bindings {

namespace {

struct NamedFormat {
  std::string_view name;
  PixelFormat format;
};

constexpr std::array kFormats{
    NamedFormat{"gray", PixelFormat::kGray}, NamedFormat{"bgr", PixelFormat::kBgr},
    NamedFormat{"rgb", PixelFormat::kRgb}, NamedFormat{"bgra", PixelFormat::kBgra},
    NamedFormat{"rgba", PixelFormat::kRgba}};

PixelFormat to_pixel_format(const std::string& name) {
  for (const NamedFormat& known : kFormats) {
    if (known.name == name) {
      return known.format;
    }
  }
  fail(ErrorCode::kInvalidInput, "format \"" + name + "\"", "gray, bgr, rgb, bgra or rgba",
       "name the pixel format of the image");
}

std::string describe(const py::handle& object) {
  if (!py::isinstance<py::array>(object)) {
    return "an object of type " + std::string(py::str(py::type::of(object).attr("__name__")));
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  std::ostringstream stream;
  stream << "an array of " << std::string(py::str(array.dtype())) << ", shape "
         << std::string(py::str(array.attr("shape"))) << ", strides "
         << std::string(py::str(array.attr("strides")));
  return stream.str();
}

bool has_pixel_layout(const py::array& array, int channels) {
  if (!array.dtype().is(py::dtype::of<std::uint8_t>()) || array.ndim() < 2 || array.ndim() > 3) {
    return false;
  }
  if (array.ndim() == 2) {
    return channels == 1 && (array.strides(1) == 1 || array.shape(1) <= 1);
  }
  return array.shape(2) == channels && (array.strides(2) == 1 || channels == 1) &&
         (array.strides(1) == channels || array.shape(1) <= 1);
}

}  // namespace

ImageView to_image_view(const py::handle& object, const std::string& format_name,
                        std::size_t index) {
  const PixelFormat format = to_pixel_format(format_name);
  const int channels = channel_count(format);
  if (!py::isinstance<py::array>(object) ||
      !has_pixel_layout(py::reinterpret_borrow<py::array>(object), channels)) {
    fail(ErrorCode::kInvalidInput,
         "image " + std::to_string(index) + " as " + describe(object) + " for format \"" +
             format_name + "\"",
         "uint8, (height, width" + (channels == 1 ? "" : ", " + std::to_string(channels)) +
             "), the pixels of a row side by side",
         "convert it, or pass numpy.ascontiguousarray(image)");
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  if (array.shape(0) > kMaxImageSide || array.shape(1) > kMaxImageSide) {
    fail(ErrorCode::kInvalidInput, "image " + std::to_string(index) + " as " + describe(object),
         "at most " + std::to_string(kMaxImageSide) + " px each way", "reduce the image");
  }
  ImageView view;
  view.pixels = static_cast<const std::uint8_t*>(array.data());
  view.height = static_cast<int>(array.shape(0));
  view.width = static_cast<int>(array.shape(1));
  // numpy gives an array of one row any stride; nothing is ever read with it.
  view.row_stride_bytes = view.height > 1 ? array.strides(0) : array.shape(1) * channels;
  view.format = format;
  return view;
}

std::span<const float> to_floats(const py::handle& object, const char* name, py::ssize_t rank) {
  const bool usable = py::isinstance<py::array>(object) && [&] {
    const auto array = py::reinterpret_borrow<py::array>(object);
    return array.dtype().is(py::dtype::of<float>()) && array.ndim() == rank &&
           (array.flags() & py::array::c_style) != 0;
  }();
  if (!usable) {
    fail(ErrorCode::kInvalidInput, std::string(name) + " as " + describe(object),
         "a C-contiguous float32 array of " + std::to_string(rank) + " dimensions",
         "pass numpy.ascontiguousarray(values, numpy.float32)");
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  return {static_cast<const float*>(array.data()), static_cast<std::size_t>(array.size())};
}

ChannelOrder to_channel_order(const std::string& order) {
  if (order == "rgb") {
    return ChannelOrder::kRgb;
  }
  if (order == "bgr") {
    return ChannelOrder::kBgr;
  }
  fail(ErrorCode::kInvalidInput, "channel order \"" + order + "\"", "rgb or bgr",
       "name the channel order of the network's input");
}

}  // namespace kilomark::bindings
