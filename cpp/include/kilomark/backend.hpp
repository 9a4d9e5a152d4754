#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kilomark/api.hpp"
#include "kilomark/crop.hpp"
#include "kilomark/image.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

// One input of a network: a crop of one of the images that are held.
struct CropTask {
  std::size_t image = 0;
  Crop crop;
};

// Wall-clock time of one batch.
struct BatchTimes {
  double crop_ms = 0.0;   // crop, resample, normalize (and upload)
  double infer_ms = 0.0;  // the network (and download)
};

// What a call will do with the images that it holds.
struct HoldOptions {
  // All crops that will be run on the images, where they are known: a backend may then bring no
  // more of the images to its device. Unknown: anything may be cropped.
  std::optional<std::span<const CropTask>> crops = std::nullopt;
  // Whether run() measures crops and network apart, which takes a GPU some microseconds. If not,
  // a backend may count all of a run as the network's.
  bool measures_stages = false;
};

// The images of one call, where the backend can read them. Borrows their pixels.
class KILOMARK_API HeldImages {
 public:
  HeldImages() = default;
  HeldImages(const HeldImages&) = delete;
  HeldImages& operator=(const HeldImages&) = delete;
  virtual ~HeldImages() = default;
};

// One device that crops images and runs networks on the crops. It knows networks by their position
// in the list that it was made with, and nothing of faces.
//
//           | shape                         | type    | owner
//   --------|-------------------------------|---------|------------------------------------------
//   images  | (H, W, C), see ImageView      | uint8   | caller; unchanged while the HeldImages live
//   tensors | (N, 3, H, W), 1 <= N <= batch | float32 | caller
//   outputs | (N, *shape) per NamedOutput   | float32 | caller; sized exactly, filled by the call
//
// Outputs come in the order of NetworkSpec::outputs, one span each.
// Threads: every method may be called from several threads at once; calls may wait for one another,
// in no fixed order.
// Errors: Error{kInference} if the network fails; the backend stays usable.
class KILOMARK_API Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  [[nodiscard]] virtual std::string_view device() const noexcept = 0;

  // A CUDA stream, as a number, on which other libraries may have their images ready; 0: none.
  [[nodiscard]] virtual std::uint64_t input_stream() const noexcept { return 0; }

  [[nodiscard]] virtual std::unique_ptr<HeldImages> hold(std::span<const ImageView> images,
                                                         const HoldOptions& options) = 0;

  // Whether the network runs at every size that NetworkSpec::size_step allows.
  [[nodiscard]] virtual bool is_resizable(std::size_t /*network*/) const { return false; }

  // Crops `tasks`, all of one input size, out of `images`, which this backend holds, and runs the
  // network on them as one batch.
  virtual BatchTimes run(std::size_t network, const HeldImages& images,
                         std::span<const CropTask> tasks,
                         std::span<const std::span<float>> outputs) = 0;

  // Runs the network on tensors that are normalized already.
  virtual void infer(std::size_t network, std::span<const float> tensors,
                     std::span<const std::span<float>> outputs) = 0;
};

// What the networks compute in on a CPU. Bfloat16 has the range of float32 and 8 bits of mantissa.
// An engine of a GPU has the precision that it was built with.
enum class Precision {
  kAuto,  // kBf16 for the face detector where has_native_bf16(), else kFp32; kFp32 for all others
  kFp32,  // float32
  kBf16,  // bfloat16; Error{kDevice} unless has_native_bf16()
};

struct BackendOptions {
  std::string device = "cpu";
  int num_threads = 0;  // 0: all that the process may use; more than that is reduced to it
  int max_batch = 16;
  // Where OpenVINO keeps compiled networks, for faster starts on a CPU; "": nowhere. It must exist.
  // OpenVINO loads what it finds there, so nobody else may be able to write to it.
  std::string cache_folder = {};
  Precision precision = Precision::kAuto;
};

// Loads the networks on a device. Throws Error{kDevice} if the device is unknown or unavailable,
// Error{kBundle} if a model cannot be read or does not have the outputs of its spec.
[[nodiscard]] KILOMARK_API std::unique_ptr<Backend> make_backend(
    std::span<const NetworkSpec> networks, const BackendOptions& options);

// "cpu", and "cuda", "cuda:1" ... for each GPU that can be used.
[[nodiscard]] KILOMARK_API std::vector<std::string> available_devices();

// Whether the processor multiplies in bfloat16 (AVX-512 BF16, AMX), so that OpenVINO computes in it by
// default. Throws Error{kDependency} if there is no OpenVINO.
[[nodiscard]] KILOMARK_API bool has_native_bf16();

// To be called in a process before it forks, while no other thread loads or runs networks. It waits
// until OpenVINO's threads sleep: some milliseconds after the last run, and for 5 s at most. The
// networks of the parent cannot run in the child, which may load its own.
KILOMARK_API void prepare_fork();

}  // namespace kilomark
