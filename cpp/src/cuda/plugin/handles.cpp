#include "cuda/plugin/handles.hpp"

#include "text.hpp"

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
  check_cuda(driver, code, on_device ? "cudaMalloc" : "cudaHostAlloc",
             text(bytes, " bytes of ", subject));
  return {driver, memory, on_device ? &Driver::free : &Driver::free_pinned};
}

}  // namespace

Stream make_stream(Driver& driver) {
  StreamHandle stream = nullptr;
  check_cuda(driver, driver.create_stream(&stream), "cudaStreamCreateWithFlags", "a session");
  return {driver, stream, &Driver::destroy_stream};
}

Event make_event(Driver& driver) {
  EventHandle event = nullptr;
  check_cuda(driver, driver.create_event(&event), "cudaEventCreate", "a session");
  return {driver, event, &Driver::destroy_event};
}

Memory::Memory(Driver& driver, Kind kind, std::size_t bytes, std::string_view subject)
    : handle_(allocate(driver, kind, bytes, subject)), bytes_(bytes) {}

DeviceScope::DeviceScope(Driver& driver, int device) : driver_(driver) {
  check_cuda(driver, driver.current_device(&previous_), "cudaGetDevice", "a session");
  if (previous_ != device) {
    check_cuda(driver, driver.set_device(device), "cudaSetDevice", text("device ", device));
    changed_ = true;
  }
}

DeviceScope::~DeviceScope() {
  if (changed_ && driver_.set_device(previous_) != kCudaSuccess) {
    (void)driver_.take_last_error();
  }
}

}  // namespace kilomark::cuda
