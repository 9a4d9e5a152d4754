#include "image_views.hpp"

#include <pybind11/numpy.h>

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "arrays.hpp"
#include "cuda_array.hpp"
#include "cut_text.hpp"
#include "kilomark/error.hpp"

namespace kilomark::bindings {

namespace {

struct NamedFormat {
  std::string_view name;
  PixelFormat format;
};

constexpr std::array kFormats{NamedFormat{"gray", PixelFormat::kGray},
                              NamedFormat{"bgr", PixelFormat::kBgr},
                              NamedFormat{"rgb", PixelFormat::kRgb},
                              NamedFormat{"bgra", PixelFormat::kBgra},
                              NamedFormat{"rgba", PixelFormat::kRgba},
                              NamedFormat{"nv12", PixelFormat::kNv12},
                              NamedFormat{"nv12_bt709", PixelFormat::kNv12Bt709}};

PixelFormat to_pixel_format(const std::string& name) {
  for (const NamedFormat& known : kFormats) {
    if (known.name == name) {
      return known.format;
    }
  }
  fail(ErrorCode::kInvalidInput, "format " + quote(name),
       "gray, bgr, rgb, bgra, rgba, nv12 or nv12_bt709", "name the pixel format of the image");
}

// A uint8 array, wherever it lies.
struct Bytes {
  const std::uint8_t* data = nullptr;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  ImageMemory memory = ImageMemory::kHost;
  std::uint64_t stream = 0;
};

std::optional<Bytes> to_bytes(const py::handle& object) {
  if (py::isinstance<CudaArray>(object)) {
    const auto& array = object.cast<const CudaArray&>();
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address that came through Python as a number
    const auto* const data =
        reinterpret_cast<const std::uint8_t*>(static_cast<std::uintptr_t>(array.address));
    return Bytes{data, array.shape, array.strides, ImageMemory::kCuda, array.stream};
  }
  if (!py::isinstance<py::array>(object)) {
    return std::nullopt;
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  if (!holds<std::uint8_t>(array)) {
    return std::nullopt;
  }
  return Bytes{static_cast<const std::uint8_t*>(array.data()),
               {array.shape(), array.shape() + array.ndim()},
               {array.strides(), array.strides() + array.ndim()},
               ImageMemory::kHost,
               0};
}

std::string describe_image(const py::handle& object) {
  return py::isinstance<CudaArray>(object) ? describe(object.cast<const CudaArray&>())
                                           : describe(object);
}

// Whether the channels of a pixel and the pixels of a row lie side by side.
bool has_pixel_layout(const Bytes& bytes, int channels) {
  const std::vector<std::int64_t>& shape = bytes.shape;
  const std::vector<std::int64_t>& strides = bytes.strides;
  if (shape.size() == 2) {
    return channels == 1 && (strides[1] == 1 || shape[1] <= 1);
  }
  return shape.size() == 3 && shape[2] == channels && (strides[2] == 1 || channels == 1) &&
         (strides[1] == channels || shape[1] <= 1);
}

[[noreturn]] void fail_image(const py::handle& object, const std::string& format, std::size_t index,
                             const std::string& expected) {
  fail(ErrorCode::kInvalidInput,
       "image " + std::to_string(index) + " as " + describe_image(object) + " for format \"" +
           format + "\"",
       expected, "convert it, or pass numpy.ascontiguousarray(image)");
}

ImageView to_packed_view(const py::handle& object, PixelFormat format, const std::string& name,
                         std::size_t index) {
  const int channels = channel_count(format);
  const std::optional<Bytes> bytes = to_bytes(object);
  if (!bytes || !has_pixel_layout(*bytes, channels)) {
    fail_image(object, name, index,
               "uint8, (height, width" + (channels == 1 ? "" : ", " + std::to_string(channels)) +
                   "), the pixels of a row side by side");
  }
  if (bytes->shape[0] > kMaxImageSide || bytes->shape[1] > kMaxImageSide) {
    fail(ErrorCode::kInvalidInput,
         "image " + std::to_string(index) + " as " + describe_image(object),
         "at most " + std::to_string(kMaxImageSide) + " px each way", "reduce the image");
  }
  ImageView view;
  view.pixels = bytes->data;
  view.height = static_cast<int>(bytes->shape[0]);
  view.width = static_cast<int>(bytes->shape[1]);
  // numpy gives an array of one row any stride; nothing is ever read with it.
  view.row_stride_bytes = view.height > 1 ? bytes->strides[0] : bytes->shape[1] * channels;
  view.format = format;
  view.memory = bytes->memory;
  view.stream = bytes->stream;
  return view;
}

// Chroma as (H / 2, W) or (H / 2, W / 2, 2).
void set_chroma(ImageView& view, const py::handle& object, const std::string& name,
                std::size_t index) {
  const std::optional<Bytes> bytes = to_bytes(object);
  const std::int64_t rows = (view.height + 1) / 2;
  const std::int64_t row_bytes = (view.width + 1) / 2 * 2;
  const bool fits =
      bytes && bytes->memory == view.memory && !bytes->shape.empty() && bytes->shape[0] == rows &&
      (bytes->shape.size() == 3 ? has_pixel_layout(*bytes, 2) && 2 * bytes->shape[1] == row_bytes
                                : has_pixel_layout(*bytes, 1) && bytes->shape[1] == row_bytes);
  if (!fits) {
    fail_image(object, name, index,
               "chroma of (" + std::to_string(rows) + ", " + std::to_string(row_bytes) +
                   "), where the luma is");
  }
  view.chroma = bytes->data;
  view.chroma_stride_bytes = rows > 1 ? bytes->strides[0] : row_bytes;
}

ImageView to_nv12_view(const py::handle& object, PixelFormat format, const std::string& name,
                       std::size_t index) {
  if (py::isinstance<py::tuple>(object) && py::len(object) == 2) {
    const auto planes = py::reinterpret_borrow<py::tuple>(object);
    ImageView view = to_packed_view(planes[0], PixelFormat::kGray, name, index);
    view.format = format;
    set_chroma(view, planes[1], name, index);
    return view;
  }
  ImageView view = to_packed_view(object, PixelFormat::kGray, name, index);
  if (view.height % 3 != 0 || view.width % 2 != 0) {
    fail_image(object, name, index, "(3 H / 2, W), H and W even, the chroma under the luma");
  }
  view.format = format;
  view.height = view.height / 3 * 2;
  view.chroma = view.pixels + view.height * view.row_stride_bytes;
  view.chroma_stride_bytes = view.row_stride_bytes;
  return view;
}

}  // namespace

ImageView to_image_view(const py::handle& image, const std::string& format, std::size_t index) {
  const PixelFormat pixel_format = to_pixel_format(format);
  return is_nv12(pixel_format) ? to_nv12_view(image, pixel_format, format, index)
                               : to_packed_view(image, pixel_format, format, index);
}

}  // namespace kilomark::bindings
