#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kilomark/crop.hpp"
#include "kilomark/image.hpp"
#include "kilomark/network.hpp"

namespace kilomark {

enum class NetworkRole { kFinder, kLandmarks };

// One input of a network: a crop of one of the images that were held.
struct CropTask {
  std::size_t image = 0;
  Crop crop;
};

// Wall-clock time of one batch.
struct BatchTimes {
  double crop_ms = 0.0;   // crop, resample, normalise (and upload)
  double infer_ms = 0.0;  // the network (and download)
};

// The images of one call, where the backend can read them. Borrows their pixels.
class HeldImages {
 public:
  HeldImages() = default;
  HeldImages(const HeldImages&) = delete;
  HeldImages& operator=(const HeldImages&) = delete;
  virtual ~HeldImages() = default;
};

// One device that crops images and runs the networks on the crops. The detector's only way to a
// device.
//
//            | shape                          | type    | owner
//   images   | (H, W, C), see ImageView       | uint8   | caller, unchanged until the HeldImages
//   are gone tensors  | (N, 3, H, W), 1 <= N <= batch  | float32 | caller outputs  | (N, ...), one
//   span per output  | float32 | caller; sized exactly, filled by the call
//
// Outputs come in the order of network.hpp: landmarks, spread, presence; scores, distances,
// keypoints. Threads: every method may be called from several threads at once; calls may wait for
// one another, in no fixed order. Errors: Error{kInference} if the network fails; the backend stays
// usable.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  [[nodiscard]] virtual std::string_view device() const noexcept = 0;

  [[nodiscard]] virtual std::unique_ptr<HeldImages> hold(std::span<const ImageView> images) = 0;

  // Crops `tasks` out of `images`, which this backend holds, and runs the network on them as one
  // batch.
  virtual BatchTimes run(NetworkRole role, const HeldImages& images,
                         std::span<const CropTask> tasks,
                         std::span<const std::span<float>> outputs) = 0;

  // Runs the network on tensors that are normalised already.
  virtual void infer(NetworkRole role, std::span<const float> tensors,
                     std::span<const std::span<float>> outputs) = 0;
};

struct BackendOptions {
  std::string device = "cpu";
  int num_threads = 0;  // 0: all that the process may use; more than that is reduced to it
  int max_batch = 16;
};

// Loads the networks on a device; `finder` may be null. Throws Error{kDevice} if the device is
// unknown or unavailable, Error{kBundle} if a model cannot be read or is not what its description
// says.
[[nodiscard]] std::unique_ptr<Backend> make_backend(const LandmarkNetwork& landmarks,
                                                    const FinderNetwork* finder,
                                                    const BackendOptions& options);

[[nodiscard]] std::vector<std::string> available_devices();

}  // namespace kilomark
