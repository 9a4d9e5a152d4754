#pragma once

#include <string>
#include <string_view>

#include "cuda/plugin/driver.hpp"
#include "cuda/plugin/tensorrt.hpp"
#include "text.hpp"

namespace kilomark::cuda {

// Throw Error{kInference} with the call and the words of CUDA or TensorRT for it. CUDA's error is
// taken from the runtime, so that the next call does not report it again.
[[noreturn]] void fail_cuda(Driver& driver, int code, std::string_view call,
                            const std::string& subject);
[[noreturn]] void fail_tensorrt(TensorRt& tensorrt, std::string_view call,
                                const std::string& subject);

// Throws unless `code` is success. The parts of `subject` say what the call was for; they are
// joined only then.
template <class... Parts>
void check_cuda(Driver& driver, int code, std::string_view call, const Parts&... subject) {
  if (code != kCudaSuccess) [[unlikely]] {
    fail_cuda(driver, code, call, text(subject...));
  }
}

// Throws unless the call succeeded.
template <class... Parts>
void check_tensorrt(TensorRt& tensorrt, bool succeeded, std::string_view call,
                    const Parts&... subject) {
  if (!succeeded) [[unlikely]] {
    fail_tensorrt(tensorrt, call, text(subject...));
  }
}

}  // namespace kilomark::cuda
