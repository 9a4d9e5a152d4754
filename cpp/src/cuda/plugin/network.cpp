#include "cuda/plugin/network.hpp"

#include <algorithm>

#include "kilomark/error.hpp"

namespace kilomark::cuda {

namespace {

std::unique_ptr<TrtEngine> load_engine(TensorRt& tensorrt, const NetworkConfig& config) {
  (void)tensorrt.take_errors();
  std::unique_ptr<TrtEngine> engine =
      tensorrt.load(std::span(static_cast<const std::byte*>(config.plan), config.plan_bytes));
  if (engine == nullptr) {
    const std::string errors = tensorrt.take_errors();
    fail(ErrorCode::kBundle,
         text("an engine of the ", config.name, " network that TensorRT cannot load (",
              config.plan_bytes, " bytes): ", errors.empty() ? "it gave no reason" : errors),
         "an engine built on this machine with this TensorRT", "delete it and build it again");
  }
  return engine;
}

LoadedNetwork load(TensorRt& tensorrt, const NetworkConfig& config, const NetworkOptions& options) {
  LoadedNetwork loaded;
  loaded.name = config.name;
  loaded.width = config.width;
  loaded.height = config.height;
  loaded.use_graphs = options.use_graphs;
  loaded.engine = load_engine(tensorrt, config);
  loaded.layout = read_engine_layout(*loaded.engine, config);
  loaded.capacity = std::min(options.max_batch, loaded.layout.largest_batch());
  return loaded;
}

}  // namespace

Network::Network(Device& device, TensorRt& tensorrt, const NetworkConfig& config,
                 const NetworkOptions& options)
    : loaded_(load(tensorrt, config, options)) {
  for (int i = 0; i < options.num_slots; ++i) {
    runners_.push_back(std::make_unique<NetworkRunner>(device, tensorrt, loaded_));
    free_.push_back(runners_.back().get());
  }
}

NetworkRunner* Network::take() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] { return !free_.empty(); });
  NetworkRunner* const runner = free_.back();
  free_.pop_back();
  return runner;
}

void Network::give_back(NetworkRunner* runner) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    free_.push_back(runner);  // has room: it was there before
  }
  freed_.notify_one();
}

}  // namespace kilomark::cuda
