#pragma once

#include <compare>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/openvino_model.hpp"
#include "cpu/preprocess.hpp"
#include "kilomark/network.hpp"

namespace kilomark::cpu {

struct SessionOptions {
  int num_threads = 1;
  int max_batch = 1;
  std::string cache_folder = {};  // see BackendOptions
  bool in_bf16 = false;           // else in float32
};

// The shape of a network's input, (count, height, width, 3).
struct InputShape {
  std::size_t count = 1;
  int height = 0;
  int width = 0;

  [[nodiscard]] std::size_t item_size() const;  // floats
  friend auto operator<=>(const InputShape&, const InputShape&) = default;
};

// One network, compiled by OpenVINO for the CPU.
//
// A compilation for one size runs about a quarter faster than one for every size, and takes as long
// as many runs. So the first few sizes get compilations of their own, one for single items and one
// for batches, each when it is first needed; all others share one. Threads: lanes are leased one
// per thread; run() may be called on several lanes at once.
class OpenvinoSession {
 public:
  // A request of OpenVINO and the input that it was last given.
  struct Request {
    openvino::InferRequestHandle handle;
    InputShape shape{0, 0, 0};
    const float* input = nullptr;
  };

  // Everything that one inference in flight needs.
  struct Lane {
    std::vector<float> input;
    CropWorkspace workspace;
    std::map<InputShape, Request> requests;  // by shape of the compilation

    [[nodiscard]] std::span<float> input_for(const InputShape& shape);
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

  // Throws Error{kBundle} if check_onnx() refuses the model, if it cannot be read or does not fit
  // `spec`, and Error{kDependency} if there is no OpenVINO to run it.
  OpenvinoSession(const NetworkSpec& spec, const SessionOptions& options);
  OpenvinoSession(const OpenvinoSession&) = delete;
  OpenvinoSession& operator=(const OpenvinoSession&) = delete;
  ~OpenvinoSession();

  // Waits until one of the lanes is free. A thread leases one at a time, so nobody waits for ever.
  [[nodiscard]] Lease lease();

  // How many of shape.count items to run together. OpenVINO keeps what it compiles for each count and
  // size that it sees, so counts are few: 1 to 8, 16, 32 .... Sizes that share a compilation with
  // others are run one by one.
  [[nodiscard]] std::size_t count_at_once(const InputShape& shape);

  // Runs the network on the lane's input, and copies its outputs out. Throws Error{kInference}.
  void run(Lane& lane, const InputShape& shape, std::span<const std::span<float>> outputs);

 private:
  // A compilation and the shape that it is for; a count of kAnyCount and sizes of 0 are dynamic.
  struct Compiled {
    InputShape shape;
    openvino::CompiledModelHandle model;
  };

  [[nodiscard]] Compiled* find_compiled(const InputShape& shape);
  [[nodiscard]] Compiled& compiled_for(const InputShape& shape);
  [[nodiscard]] Request& request_for(Lane& lane, const InputShape& shape);
  [[nodiscard]] openvino::CompiledModelHandle compile(const InputShape& shape);
  void set_input(Request& request, Lane& lane, const InputShape& shape) const;
  void give_back(std::unique_ptr<Lane> lane) noexcept;

  std::string name_;
  SessionOptions options_;
  std::vector<std::string> output_names_;

  std::mutex compiling_;
  OpenvinoModel model_;  // reshaped for each compilation
  std::list<Compiled> compiled_;

  std::mutex mutex_;
  std::condition_variable lane_returned_;
  std::vector<std::unique_ptr<Lane>> free_lanes_;
  std::size_t lanes_made_ = 0;
};

}  // namespace kilomark::cpu
