// What libkilomark_cuda_trt<major>.so exports. Nothing throws out of these functions.

#include <new>
#include <string>

#include "cuda/plugin/log.hpp"
#include "cuda/plugin/platform.hpp"
#include "cuda/plugin/plugin_probe.hpp"
#include "cuda/plugin/session.hpp"
#include "cuda/plugin_abi.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

thread_local std::string last_error_text;

Status to_status(ErrorCode code) { return 1 + static_cast<Status>(code); }

// Runs `work`; turns what it throws into a status and last_error().
template <class Work>
Status guarded(const Work& work) noexcept {
  try {
    work();
    return kOk;
  } catch (const Error& error) {
    last_error_text = error.what();
    return to_status(error.code());
  } catch (const std::bad_alloc&) {
    last_error_text.clear();  // stands for "out of memory": no allocation here
  } catch (const std::exception& error) {
    last_error_text = error.what();
  }
  return to_status(ErrorCode::kInference);
}

const char* last_error() {
  return last_error_text.empty() ? "out of memory" : last_error_text.c_str();
}

void set_logger(LogCallback callback) { set_log_callback(callback); }

void probe(const char* const* folders, std::uint64_t num_folders, PluginProbe* found) {
  *found = {};
  const Status status = guarded([&] {
    fill_probe(platform_driver(), find_platform_tensorrt({folders, num_folders}), *found);
  });
  if (status != kOk) {
    *found = {};
    const std::size_t length = last_error_text.copy(found->reason, sizeof(found->reason) - 1);
    found->reason[length] = '\0';
  }
}

// Without a device TensorRT must not be touched.
void check_device(Driver& driver, int device) {
  int count = 0;
  const std::string reason = why_no_device(driver, &count);
  if (!reason.empty() || device < 0 || device >= count) {
    fail(ErrorCode::kDevice,
         text("GPU ", device, reason.empty() ? text(" of ", count) : text(": ", reason)),
         "a GPU that can be used", "pass device=\"cpu\"");
  }
}

Status create_session(const SessionConfig* config, Session** session) {
  return guarded([&] {
    Driver& driver = platform_driver();
    check_device(driver, config->device);
    const NvinferLibrary library = find_platform_tensorrt({});
    if (library.handle == nullptr) {
      fail(ErrorCode::kDevice, library.reason, "TensorRT's library",
           "install TensorRT, or pass device=\"cpu\"");
    }
    const DeviceScope scope(driver, config->device);
    *session =
        std::make_unique<Session>(driver, make_platform_tensorrt(library), *config).release();
  });
}

// At the end of a process the CUDA runtime may be gone before a session is: TensorRT's objects
// would call it, and what they own is given back with the process anyway.
void destroy_session(Session* session) {
  int device = 0;
  if (platform_driver().current_device(&device) != kCudaUnloading) {
    delete session;
  }
}

Status hold_frames(Session* session, const FrameView* frames, std::uint64_t num_frames,
                   const CropRequest* crops, std::uint64_t num_crops, std::int32_t knows_crops,
                   HeldFrames** held) {
  return guarded([&] {
    const KnownCrops known =
        knows_crops != 0 ? KnownCrops(std::span(crops, num_crops)) : std::nullopt;
    *held = session->hold({frames, num_frames}, known).release();
  });
}

void release_frames(Session* session, HeldFrames* held) {
  session->release(std::unique_ptr<HeldFrames>(held));
}

Status run(Session* session, std::uint64_t network, HeldFrames* held, const CropRequest* crops,
           std::uint64_t num_crops, float* const* outputs, RunTimes* times) {
  return guarded([&] {
    const std::size_t num_outputs = session->network(network).layout().outputs.size();
    session->run(network, *held, {crops, num_crops}, {outputs, num_outputs}, times);
  });
}

Status infer(Session* session, std::uint64_t network, const float* tensors, std::uint64_t num_items,
             float* const* outputs) {
  return guarded([&] {
    const EngineLayout& layout = session->network(network).layout();
    session->infer(network, {tensors, num_items * layout.input_size},
                   {outputs, layout.outputs.size()});
  });
}

std::uint64_t input_stream(Session* session) {
  return reinterpret_cast<std::uint64_t>(session->input_stream());
}

}  // namespace

}  // namespace kilomark::cuda

extern "C" {

__attribute__((visibility("default"))) std::uint32_t kilomark_cuda_abi_version() {
  return kilomark::cuda::kAbiVersion;
}

__attribute__((visibility("default"))) const kilomark::cuda::PluginApi* kilomark_cuda_plugin_api() {
  using namespace kilomark::cuda;
  static const PluginApi api{kAbiVersion,     platform_tensorrt_major(),
                             last_error,      set_logger,
                             probe,           create_session,
                             destroy_session, hold_frames,
                             release_frames,  run,
                             infer,           input_stream};
  return &api;
}
}
