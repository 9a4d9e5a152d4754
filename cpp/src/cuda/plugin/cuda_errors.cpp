#include "cuda/plugin/cuda_errors.hpp"

#include "kilomark/error.hpp"

namespace kilomark::cuda {

void fail_cuda(Driver& driver, int code, std::string_view call, const std::string& subject) {
  (void)driver.take_last_error();
  const char* const remedy =
      code == kCudaOutOfMemory
          ? "lower max_batch, or free memory of the GPU"
          : "if it happens again, run under compute-sanitizer and report what it says";
  fail(ErrorCode::kInference,
       text(call, " failed for ", subject, ": ", driver.error_name(code), " (", code,
            "): ", driver.error_message(code)),
       "success of CUDA's call", remedy);
}

void fail_tensorrt(TensorRt& tensorrt, std::string_view call, const std::string& subject) {
  const std::string errors = tensorrt.take_errors();
  fail(ErrorCode::kInference,
       text("TensorRT's ", call, " failed for ", subject, ": ",
            errors.empty() ? "it gave no reason" : errors),
       "success of TensorRT's call", "build the engine again on this machine");
}

}  // namespace kilomark::cuda
