#include "cuda/cuda_backend.hpp"

#include <charconv>
#include <cstdlib>

#include "cuda/log_queue.hpp"
#include "kilomark/cuda_probe.hpp"
#include "kilomark/error.hpp"
#include "resample_plan.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

constexpr int kDefaultSlots = 2;  // one call works on the GPU while another uploads
constexpr int kMaxSlots = 8;

// The plugin's error, as this library throws them.
void check(const PluginApi& api, Status status) {
  if (status != kOk) {
    throw Error(static_cast<ErrorCode>(status - 1), api.last_error());
  }
}

FrameView to_frame(const ImageView& image) {
  FrameView frame{};
  frame.pixels = image.pixels;
  frame.chroma = image.chroma;
  frame.row_stride_bytes = image.row_stride_bytes;
  frame.chroma_stride_bytes = image.chroma_stride_bytes;
  frame.width = image.width;
  frame.height = image.height;
  frame.channels = channel_count(image.format);
  frame.format = image.format == PixelFormat::kNv12        ? FrameFormat::kNv12Bt601
                 : image.format == PixelFormat::kNv12Bt709 ? FrameFormat::kNv12Bt709
                                                           : FrameFormat::kPacked;
  frame.memory = image.memory == ImageMemory::kCuda ? FrameMemory::kDevice : FrameMemory::kHost;
  frame.stream = image.stream;
  return frame;
}

std::vector<CropRequest> to_requests(std::span<const CropTask> tasks,
                                     std::span<const ImageView> images, const NetworkInput& input) {
  std::vector<CropRequest> requests;
  requests.reserve(tasks.size());
  for (const CropTask& task : tasks) {
    // The kernel reads NV12 as the RGB image that it stands for.
    const PixelFormat format = images[task.image].format;
    requests.push_back(
        {task.image,
         make_resample_plan(task.crop, is_nv12(format) ? PixelFormat::kRgb : format, input)});
  }
  return requests;
}

// What of an image a crop reads does not depend on the network's colors.
constexpr NetworkInput kAnyColors{.std = {1.0F, 1.0F, 1.0F}};

// The images of a call, on the device.
class DeviceImages final : public HeldImages {
 public:
  DeviceImages(const PluginApi& api, std::shared_ptr<Session> session,
               std::span<const ImageView> images, const HoldOptions& options)
      : api_(api),
        session_(std::move(session)),
        images_(images),
        measures_stages_(options.measures_stages) {
    std::vector<FrameView> frames;
    for (const ImageView& image : images) {
      frames.push_back(to_frame(image));
    }
    const std::vector<CropRequest> crops = options.crops
                                               ? to_requests(*options.crops, images, kAnyColors)
                                               : std::vector<CropRequest>();
    check(api, api.hold_frames(session_.get(), frames.data(), frames.size(), crops.data(),
                               crops.size(), options.crops ? 1 : 0, &held_));
  }
  ~DeviceImages() final { api_.release_frames(session_.get(), held_); }

  [[nodiscard]] HeldFrames* held() const { return held_; }
  [[nodiscard]] std::span<const ImageView> images() const { return images_; }
  [[nodiscard]] bool measures_stages() const { return measures_stages_; }

 private:
  const PluginApi& api_;
  std::shared_ptr<Session> session_;
  std::span<const ImageView> images_;
  bool measures_stages_;
  HeldFrames* held_ = nullptr;
};

std::vector<float*> pointers(std::span<const std::span<float>> outputs) {
  std::vector<float*> pointers;
  for (const std::span<float> output : outputs) {
    pointers.push_back(output.data());
  }
  return pointers;
}

NetworkConfig to_config(const NetworkSpec& spec, std::span<const OutputConfig> outputs) {
  return {spec.name.c_str(), spec.model->data(), spec.model->size(), spec.input.width,
          spec.input.height, outputs.data(),     outputs.size()};
}

std::vector<OutputConfig> to_output_configs(const NetworkSpec& spec) {
  std::vector<OutputConfig> configs;
  for (const NamedOutput& output : spec.outputs) {
    configs.push_back({output.name.c_str(), output.size()});
  }
  return configs;
}

// For comparing and for finding faults: KILOMARK_CUDA_GRAPHS=0 runs without CUDA graphs.
bool use_graphs() {
  const char* const value = std::getenv("KILOMARK_CUDA_GRAPHS");
  return value == nullptr || std::string_view(value) != "0";
}

// KILOMARK_CUDA_SLOTS: how many calls use the GPU at the same time.
int num_slots() {
  const char* const value = std::getenv("KILOMARK_CUDA_SLOTS");
  if (value == nullptr || *value == '\0') {
    return kDefaultSlots;
  }
  int slots = 0;
  const char* const end = value + std::string_view(value).size();
  const auto [rest, error] = std::from_chars(value, end, slots);
  if (error != std::errc() || rest != end || slots < 1 || slots > kMaxSlots) {
    fail(ErrorCode::kInvalidInput, text("KILOMARK_CUDA_SLOTS=", value), text("1 to ", kMaxSlots),
         "correct or unset the variable");
  }
  return slots;
}

// The plugin that finds the device, or an error with every reason why none does.
const PluginApi* choose_plugin(int index, const std::string& device) {
  std::string reasons;
  for (const Plugin& plugin : load_plugins()) {
    const CudaProbe probe = probe_plugin(plugin, {});
    const auto devices = static_cast<int>(probe.devices.size());
    std::string reason = probe.reason;
    if (reason.empty() && index >= devices) {
      reason = text("there is no GPU ", index, ", there are ", devices);
    } else if (reason.empty()) {
      reason = probe.devices[static_cast<std::size_t>(index)].reason;
    }
    if (reason.empty()) {
      return plugin.api;
    }
    reasons += text(reasons.empty() ? "" : "; ", reason);
  }
  fail(ErrorCode::kDevice, text("device \"", device, "\" that cannot be used: ", reasons),
       "a GPU, its driver, TensorRT and the CUDA plugin", "pass device=\"cpu\"");
}

}  // namespace

int cuda_index(std::string_view device) {
  constexpr std::string_view kName = "cuda";
  if (device == kName) {
    return 0;
  }
  if (!device.starts_with("cuda:")) {
    return -1;
  }
  int index = -1;
  const char* const end = device.data() + device.size();
  const auto [rest, error] = std::from_chars(device.data() + kName.size() + 1, end, index);
  return error == std::errc() && rest == end ? index : -1;
}

std::vector<std::string> cuda_devices() {
  std::vector<std::string> names;
  const CudaProbe probe = cuda_probe();
  for (const CudaDevice& device : probe.devices) {
    if (probe.reason.empty() && device.reason.empty()) {
      names.push_back(device.index == 0 ? "cuda" : text("cuda:", device.index));
    }
  }
  return names;
}

CudaBackend::CudaBackend(std::span<const NetworkSpec> networks, const BackendOptions& options)
    : device_(options.device) {
  const int index = cuda_index(options.device);
  api_ = choose_plugin(index, options.device);
  api_->set_logger(&push_log);
  std::vector<std::vector<OutputConfig>> outputs;
  std::vector<NetworkConfig> configs;
  for (const NetworkSpec& spec : networks) {
    inputs_.push_back(spec.input);
    outputs.push_back(to_output_configs(spec));
    configs.push_back(to_config(spec, outputs.back()));
  }
  const SessionConfig config{index,       options.max_batch, use_graphs() ? 1 : 0,
                             num_slots(), configs.data(),    configs.size()};
  Session* session = nullptr;
  check(*api_, api_->create_session(&config, &session));
  session_ = {session, api_->destroy_session};
}

std::uint64_t CudaBackend::input_stream() const noexcept {
  return api_->input_stream(session_.get());
}

std::unique_ptr<HeldImages> CudaBackend::hold(std::span<const ImageView> images,
                                              const HoldOptions& options) {
  return std::make_unique<DeviceImages>(*api_, session_, images, options);
}

BatchTimes CudaBackend::run(std::size_t network, const HeldImages& images,
                            std::span<const CropTask> tasks,
                            std::span<const std::span<float>> outputs) {
  const auto& on_device = static_cast<const DeviceImages&>(images);
  const std::vector<CropRequest> crops =
      to_requests(tasks, on_device.images(), inputs_.at(network));
  RunTimes times{};
  check(*api_, api_->run(session_.get(), network, on_device.held(), crops.data(), crops.size(),
                         pointers(outputs).data(), on_device.measures_stages() ? &times : nullptr));
  return {times.crop_ms, times.infer_ms};
}

void CudaBackend::infer(std::size_t network, std::span<const float> tensors,
                        std::span<const std::span<float>> outputs) {
  const NetworkInput& input = inputs_.at(network);
  const auto size =
      3 * static_cast<std::size_t>(input.width) * static_cast<std::size_t>(input.height);
  check(*api_, api_->infer(session_.get(), network, tensors.data(), tensors.size() / size,
                           pointers(outputs).data()));
}

}  // namespace kilomark::cuda
