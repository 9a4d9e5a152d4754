#include "cuda_array.hpp"

#include <optional>
#include <sstream>

#include "bindings.hpp"
#include "cut_text.hpp"
#include "kilomark/error.hpp"

namespace kilomark::bindings {

namespace {

// Of the DLPack specification, https://dmlc.github.io/dlpack/latest/c_api.html.
struct DLTensor {
  void* data;
  std::int32_t device_type;
  std::int32_t device_id;
  std::int32_t ndim;
  std::uint8_t type_code;
  std::uint8_t type_bits;
  std::uint16_t type_lanes;
  std::int64_t* shape;
  std::int64_t* strides;  // in elements; null: row-major
  std::uint64_t byte_offset;
};

constexpr int kDlCuda = 2;
constexpr int kDlCudaManaged = 13;
constexpr std::uint8_t kDlUint = 1;

// The legacy default stream, in DLPack, in __cuda_array_interface__ and for CUDA itself.
constexpr std::uint64_t kDefaultStream = 1;

[[noreturn]] void fail_array(const std::string& found) {
  fail(ErrorCode::kInvalidInput, found, "a uint8 array on a GPU",
       "pass an array of torch, cupy or PyCUDA, or one with __cuda_array_interface__");
}

std::string type_name(const py::object& object) {
  return cut(py::str(py::type::of(object).attr("__module__")).cast<std::string>() + "." +
             py::str(py::type::of(object).attr("__name__")).cast<std::string>());
}

std::vector<std::int64_t> row_major(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * shape[i];
  }
  return strides;
}

bool is_on_gpu(const py::object& object) {
  if (!py::hasattr(object, "__dlpack_device__") || !py::hasattr(object, "__dlpack__")) {
    return false;
  }
  const int type = py::int_(py::tuple(object.attr("__dlpack_device__")())[0]);
  return type == kDlCuda || type == kDlCudaManaged;
}

// The producer makes `stream` wait for its own; we wait for that. The capsule stays as it is: when
// it goes, the producer gets its memory back.
void read_dlpack(const py::object& object, std::uint64_t stream, CudaArray& array) {
  const py::object capsule = object.attr("__dlpack__")(py::arg("stream") = stream);
  const auto* const tensor =
      static_cast<const DLTensor*>(PyCapsule_GetPointer(capsule.ptr(), "dltensor"));
  if (tensor == nullptr) {
    throw py::error_already_set();
  }
  if (tensor->type_code != kDlUint || tensor->type_bits != 8 || tensor->type_lanes != 1) {
    fail_array("an array on a GPU that is not uint8, of type " + type_name(object));
  }
  array.address = reinterpret_cast<std::uintptr_t>(tensor->data) + tensor->byte_offset;
  array.shape.assign(tensor->shape, tensor->shape + tensor->ndim);
  array.strides = tensor->strides == nullptr
                      ? row_major(array.shape)
                      : std::vector(tensor->strides, tensor->strides + tensor->ndim);
  array.stream = stream;
  array.owner = capsule;
}

// Before version 3 there is no stream: then we wait for the default one, which is the best guess.
std::uint64_t read_stream(const py::dict& interface) {
  if (py::int_(interface["version"]).cast<int>() < 3) {
    return kDefaultStream;
  }
  if (!interface.contains("stream") || interface["stream"].is_none()) {
    return 0;
  }
  const auto stream = py::int_(interface["stream"]).cast<std::uint64_t>();
  if (stream == 0) {
    fail_array("a __cuda_array_interface__ with stream 0, which it does not allow");
  }
  return stream;
}

void read_interface(const py::object& object, CudaArray& array) {
  const py::dict interface = object.attr("__cuda_array_interface__");
  const auto type = py::str(interface["typestr"]).cast<std::string>();
  if (type != "|u1" && type != "<u1" && type != ">u1") {
    fail_array("an array on a GPU of type " + quote(type));
  }
  if (interface.contains("mask") && !interface["mask"].is_none()) {
    fail_array("an array on a GPU with a mask");
  }
  for (const py::handle size : py::tuple(interface["shape"])) {
    array.shape.push_back(size.cast<std::int64_t>());
  }
  array.strides = row_major(array.shape);
  if (interface.contains("strides") && !interface["strides"].is_none()) {
    const py::tuple strides = interface["strides"];
    for (std::size_t i = 0; i < array.strides.size(); ++i) {
      array.strides[i] = strides[i].cast<std::int64_t>();
    }
  }
  array.address = py::tuple(interface["data"])[0].cast<std::uint64_t>();
  array.stream = read_stream(interface);
  array.owner = object;
}

}  // namespace

CudaArray::CudaArray(const py::object& object, std::uint64_t input_stream) {
  if (is_on_gpu(object)) {
    read_dlpack(object, input_stream != 0 ? input_stream : kDefaultStream, *this);
  } else if (py::hasattr(object, "__cuda_array_interface__")) {
    read_interface(object, *this);
  } else {
    fail_array("an object of type " + type_name(object));
  }
}

std::string describe(const CudaArray& array) {
  const auto join = [](const std::vector<std::int64_t>& numbers) {
    std::ostringstream stream;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      stream << (i == 0 ? "" : ", ") << numbers[i];
    }
    return cut(stream.str());
  };
  return "an array on a GPU of shape (" + join(array.shape) + "), strides (" + join(array.strides) +
         ")";
}

void bind_cuda_array(py::module_& module) {
  py::class_<CudaArray>(module, "CudaArray")
      .def(py::init<py::object, std::uint64_t>(), py::arg("array"), py::arg("input_stream") = 0)
      .def_readonly("address", &CudaArray::address)
      .def_readonly("stream", &CudaArray::stream)
      .def_property_readonly("shape", [](const CudaArray& array) {
        py::tuple shape(array.shape.size());
        for (std::size_t i = 0; i < array.shape.size(); ++i) {
          shape[i] = array.shape[i];
        }
        return shape;
      });
}

}  // namespace kilomark::bindings
