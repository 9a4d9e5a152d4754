#include "cuda/plugin/session.hpp"

#include "batching.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::cuda {

Session::Session(Driver& driver, std::unique_ptr<TensorRt> tensorrt, const SessionConfig& config)
    : tensorrt_(std::move(tensorrt)), device_(driver, config.device), frames_(device_) {
  const NetworkOptions options{config.max_batch, config.use_graphs != 0, config.num_slots};
  device_.use(nullptr, [&] {
    for (const NetworkConfig& network : std::span(config.networks, config.num_networks)) {
      networks_.push_back(std::make_unique<Network>(device_, *tensorrt_, network, options));
    }
  });
}

Session::~Session() {
  device_.use_last([&]() noexcept {
    networks_.clear();
    frames_.clear();
  });
}

std::unique_ptr<HeldFrames> Session::hold(std::span<const FrameView> frames,
                                          const KnownCrops& crops) {
  return frames_.hold(frames, crops);
}

void Session::release(std::unique_ptr<HeldFrames> held) noexcept {
  frames_.release(std::move(held));
}

void Session::run(std::size_t network, HeldFrames& held, std::span<const CropRequest> crops,
                  std::span<float* const> outputs, RunTimes* times) {
  Network& used = this->network(network);
  for_each_batch(crops.size(), used.capacity(), [&](std::size_t first, std::size_t count) {
    const Network::Turn turn(used);
    device_.use(held.stream(), [&] {
      turn.runner().run(held, crops.subspan(first, count), outputs, first, times);
    });
  });
}

void Session::infer(std::size_t network, std::span<const float> tensors,
                    std::span<float* const> outputs) {
  Network& used = this->network(network);
  const std::size_t size = used.layout().input_size;
  std::unique_ptr<HeldFrames> held = hold({}, std::nullopt);  // for its stream
  const auto run_batch = [&](std::size_t first, std::size_t count) {
    const Network::Turn turn(used);
    device_.use(held->stream(), [&] {
      turn.runner().infer(held->stream(), tensors.subspan(first * size, count * size), outputs,
                          first);
    });
  };
  try {
    for_each_batch(tensors.size() / size, used.capacity(), run_batch);
  } catch (...) {
    release(std::move(held));
    throw;
  }
  release(std::move(held));
}

Network& Session::network(std::size_t index) {
  if (index >= networks_.size()) {
    fail(ErrorCode::kInvalidInput, text("network ", index), text("one of ", networks_.size()),
         "run a network of this session");
  }
  return *networks_[index];
}

}  // namespace kilomark::cuda
