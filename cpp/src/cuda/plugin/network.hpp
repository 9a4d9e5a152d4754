#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "cuda/plugin/network_runner.hpp"

namespace kilomark::cuda {

struct NetworkOptions {
  int max_batch = 1;
  bool use_graphs = true;
  int num_slots = 1;  // calls that run it at the same time
};

// One network of a session, and its slots: as many calls run it at the same time, others wait.
class Network {
 public:
  // To be called in Device::use(). Throws Error{kBundle} if the plan cannot be read or is not what
  // `config` says.
  Network(Device& device, TensorRt& tensorrt, const NetworkConfig& config,
          const NetworkOptions& options);

  [[nodiscard]] int capacity() const { return loaded_.capacity; }
  [[nodiscard]] const EngineLayout& layout() const { return loaded_.layout; }

  // A slot, for as long as this lives.
  class Turn {
   public:
    explicit Turn(Network& network) : network_(network), runner_(network.take()) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { network_.give_back(runner_); }

    [[nodiscard]] NetworkRunner& runner() const { return *runner_; }

   private:
    Network& network_;
    NetworkRunner* runner_;
  };

 private:
  [[nodiscard]] NetworkRunner* take();
  void give_back(NetworkRunner* runner) noexcept;

  LoadedNetwork loaded_;
  std::vector<std::unique_ptr<NetworkRunner>> runners_;
  std::mutex mutex_;  // of all below
  std::condition_variable freed_;
  std::vector<NetworkRunner*> free_;  // the one used last is taken first: its memory is in caches
};

}  // namespace kilomark::cuda
