#include "cuda/plugin/handles.hpp"

#include "kilomark/error.hpp"

namespace kilomark::cuda {

namespace {

Handle<void*> allocate(Driver& driver, Memory::Kind kind, std::size_t bytes,
                       std::string_view subject) {
  if (bytes == 0) {
    return {};
  }
  const bool on_device = kind == Memory::Kind::kDevice;
  void* memory = nullptr;
  const int code =
      on_device ? driver.allocate(&memory, bytes) : driver.allocate_pinned(&memory, bytes);
  check_cuda(driver, code, on_device ? "cudaMalloc" : "cudaHostAlloc", bytes, " bytes of ",
             subject);
  return {driver, memory, on_device ? &Driver::free : &Driver::free_pinned};
}

}  // namespace

Stream make_stream(Driver& driver) {
  StreamHandle stream = nullptr;
  check_cuda(driver, driver.create_stream(&stream), "cudaStreamCreateWithFlags", "a session");
  return {driver, stream, &Driver::destroy_stream};
}

Event make_event(Driver& driver, bool is_timed) {
  EventHandle event = nullptr;
  check_cuda(driver, driver.create_event(&event, is_timed), "cudaEventCreateWithFlags",
             "a session");
  return {driver, event, &Driver::destroy_event};
}

Memory::Memory(Driver& driver, Kind kind, std::size_t bytes, std::string_view subject)
    : handle_(allocate(driver, kind, bytes, subject)), on_device_(handle_.get()), bytes_(bytes) {
  if (kind == Kind::kPinned && bytes > 0) {
    check_cuda(driver, driver.device_address(&on_device_, get()), "cudaHostGetDevicePointer",
               subject);
  }
}

DeviceScope::DeviceScope(Driver& driver, int device) : driver_(driver) {
  bool is_foreign = false;
  check_cuda(driver, driver.has_foreign_context(&is_foreign), "cuCtxGetCurrent", "a session");
  if (is_foreign) {
    fail(ErrorCode::kDevice, "a CUDA context of this thread's own, such as pycuda.autoinit makes",
         "the GPU's primary context, which the CUDA runtime and TensorRT use",
         "import pycuda.autoprimaryctx instead of pycuda.autoinit, or pop the context");
  }
  check_cuda(driver, driver.current_device(&previous_), "cudaGetDevice", "a session");
  if (previous_ != device) {
    check_cuda(driver, driver.set_device(device), "cudaSetDevice", "device ", device);
    changed_ = true;
  }
}

DeviceScope::~DeviceScope() {
  if (changed_ && driver_.set_device(previous_) != kCudaSuccess) {
    (void)driver_.take_last_error();
  }
}

}  // namespace kilomark::cuda
