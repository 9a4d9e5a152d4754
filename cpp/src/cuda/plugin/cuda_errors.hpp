#pragma once

#include <string_view>

#include "cuda/plugin/driver.hpp"
#include "cuda/plugin/tensorrt.hpp"

namespace kilomark::cuda {

// Throws Error{kInference} with the call and CUDA's words for `code`, unless it is success.
// `subject` says what the call was for. The error is taken from the runtime, so that the next call
// does not report it again.
void check_cuda(Driver& driver, int code, std::string_view call, std::string_view subject);

// Throws Error{kInference} with the call and TensorRT's words, unless it succeeded.
void check_tensorrt(TensorRt& tensorrt, bool succeeded, std::string_view call,
                    std::string_view subject);

}  // namespace kilomark::cuda
