// Any bytes as the ONNX file of a bundle: accepted or refused with Error, nothing else.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kilomark/error.hpp"
#include "kilomark/onnx_check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    kilomark::check_onnx({reinterpret_cast<const char*>(data), size});
  } catch (const kilomark::Error&) {
    return 0;
  }
  return 0;
}
