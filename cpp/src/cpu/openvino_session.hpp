#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <openvino/openvino.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/preprocess.hpp"
#include "kilomark/network.hpp"

namespace kilomark::cpu {

struct SessionOptions {
  int num_threads = 1;
  int max_batch = 1;
};

// One network, compiled by OpenVINO for the CPU.
//
// A batch of one runs on a model compiled for exactly that, at once; larger batches share a second
// compilation, which the first of them waits for. Threads: lanes are leased one per thread; run()
// may be called on several lanes at once.
class OpenvinoSession {
 public:
  // Everything that one inference in flight needs.
  struct Lane {
    std::vector<float> input;  // (max_batch, 3, H, W), filled as far as needed
    CropWorkspace workspace;
    ov::InferRequest single;
    ov::InferRequest batched;
  };

  // Returns its lane to the session when it goes out of scope.
  class Lease {
   public:
    Lease(OpenvinoSession& session, std::unique_ptr<Lane> lane)
        : session_(session), lane_(std::move(lane)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

    [[nodiscard]] Lane& operator*() const { return *lane_; }
    [[nodiscard]] Lane* operator->() const { return lane_.get(); }

   private:
    OpenvinoSession& session_;
    std::unique_ptr<Lane> lane_;
  };

  // Throws Error{kBundle} if the model cannot be read or does not fit `spec`.
  OpenvinoSession(const NetworkSpec& spec, const SessionOptions& options);

  // Waits until one of the lanes is free. A thread leases one at a time, so nobody waits for ever.
  [[nodiscard]] Lease lease();

  // Runs the network on `count` inputs at `input`, and copies its outputs out. Throws
  // Error{kInference}.
  void run(Lane& lane, float* input, std::size_t count, std::span<const std::span<float>> outputs);

  [[nodiscard]] std::size_t input_size() const { return input_size_; }

 private:
  [[nodiscard]] ov::InferRequest& request_for(Lane& lane, std::size_t count);
  [[nodiscard]] ov::CompiledModel& batched_model();
  [[nodiscard]] std::unique_ptr<Lane> make_lane();
  void give_back(std::unique_ptr<Lane> lane) noexcept;

  std::string name_;
  ov::AnyMap config_;
  std::vector<std::string> output_names_;
  ov::Shape input_shape_;
  std::size_t input_size_ = 0;
  std::size_t max_batch_ = 1;
  std::shared_ptr<ov::Model> model_;
  ov::CompiledModel single_;
  std::once_flag batched_once_;
  ov::CompiledModel batched_;

  std::mutex mutex_;
  std::condition_variable lane_returned_;
  std::vector<std::unique_ptr<Lane>> free_lanes_;
  std::size_t lanes_made_ = 0;
};

}  // namespace kilomark::cpu
