#include "cuda/plugin/session.hpp"

#include "batching.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

// Where the outputs of the items from `first` on go.
std::vector<float*> advance(std::span<float* const> outputs, const EngineLayout& layout,
                            std::size_t first) {
  std::vector<float*> moved;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    moved.push_back(outputs[i] + first * layout.outputs[i].num_floats);
  }
  return moved;
}

}  // namespace

Session::Session(Driver& driver, std::unique_ptr<TensorRt> tensorrt, const SessionConfig& config)
    : tensorrt_(std::move(tensorrt)),
      queue_(driver, config.device),
      frames_(queue_, config.device) {
  const RunnerOptions options{config.max_batch, config.use_graphs != 0};
  queue_.in_turn([&] {
    for (const NetworkConfig& network : std::span(config.networks, config.num_networks)) {
      networks_.push_back(std::make_unique<NetworkRunner>(queue_, *tensorrt_, network, options));
    }
  });
}

Session::~Session() {
  queue_.in_last_turn([&]() noexcept { networks_.clear(); });
}

std::unique_ptr<HeldFrames> Session::hold(std::span<const FrameView> frames) {
  return frames_.hold(frames);
}

void Session::release(std::unique_ptr<HeldFrames> held) noexcept {
  frames_.release(std::move(held));
}

RunTimes Session::run(std::size_t network, const HeldFrames& held,
                      std::span<const CropRequest> crops, std::span<float* const> outputs) {
  NetworkRunner& runner = this->network(network);
  RunTimes times{};
  for_each_batch(crops.size(), runner.capacity(), [&](std::size_t first, std::size_t count) {
    const std::vector<float*> moved = advance(outputs, runner.layout(), first);
    const RunTimes batch =
        queue_.in_turn([&] { return runner.run(held, crops.subspan(first, count), moved); });
    times.crop_ms += batch.crop_ms;
    times.infer_ms += batch.infer_ms;
  });
  return times;
}

void Session::infer(std::size_t network, std::span<const float> tensors,
                    std::span<float* const> outputs) {
  NetworkRunner& runner = this->network(network);
  const std::size_t size = runner.input_size();
  for_each_batch(
      tensors.size() / size, runner.capacity(), [&](std::size_t first, std::size_t count) {
        const std::vector<float*> moved = advance(outputs, runner.layout(), first);
        queue_.in_turn([&] { runner.infer(tensors.subspan(first * size, count * size), moved); });
      });
}

NetworkRunner& Session::network(std::size_t index) {
  if (index >= networks_.size()) {
    fail(ErrorCode::kInvalidInput, text("network ", index), text("one of ", networks_.size()),
         "run a network of this session");
  }
  return *networks_[index];
}

}  // namespace kilomark::cuda
