#include "cuda/plugin/nvinfer.hpp"

#include <NvInferRuntime.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "cuda/plugin/log.hpp"
#include "kilomark/error.hpp"
#include "system/shared_library.hpp"
#include "text.hpp"

namespace kilomark::cuda {

namespace {

// TensorRT keeps the first logger that a process gives it, in everything that it makes, and logs
// from any thread. So there is one for the process, and it is never destroyed.
class Logger final : public nvinfer1::ILogger {
 public:
  void log(Severity severity, const char* message) noexcept final {
    if (severity > Severity::kINFO) {
      return;
    }
    try {
      if (severity <= Severity::kERROR) {
        const std::scoped_lock lock(mutex_);
        errors_ += text(errors_.empty() ? "" : "; ", message);
      }
      log_message(to_level(severity), text("TensorRT: ", message));
    } catch (const std::exception&) {  // out of memory: this message is lost
    }
  }

  [[nodiscard]] std::string take_errors() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(errors_, {});
  }

 private:
  static LogLevel to_level(Severity severity) {
    if (severity <= Severity::kERROR) {
      return LogLevel::kError;
    }
    return severity == Severity::kWARNING ? LogLevel::kWarning : LogLevel::kDebug;
  }

  std::mutex mutex_;
  std::string errors_;
};

Logger& process_logger() {
  static Logger& logger = *std::make_unique<Logger>().release();
  return logger;
}

Shape to_shape(const nvinfer1::Dims& dims) {
  return {dims.d, dims.d + std::clamp(dims.nbDims, 0, nvinfer1::Dims::MAX_DIMS)};
}

std::optional<TensorType> to_type(nvinfer1::DataType type) {
  switch (type) {
    case nvinfer1::DataType::kFLOAT:
      return TensorType::kFloat;
    case nvinfer1::DataType::kHALF:
      return TensorType::kHalf;
    default:
      return std::nullopt;
  }
}

class Context final : public TrtContext {
 public:
  explicit Context(std::unique_ptr<nvinfer1::IExecutionContext> context)
      : context_(std::move(context)) {}

  bool set_profile(int profile, StreamHandle stream) final {
    return context_->setOptimizationProfileAsync(profile, stream);
  }
  bool set_memory(void* memory, std::size_t bytes) final {
    context_->setDeviceMemoryV2(memory, static_cast<std::int64_t>(bytes));
    return true;
  }
  bool set_input_shape(const std::string& name, const Shape& shape) final {
    nvinfer1::Dims dims{};
    dims.nbDims = static_cast<std::int32_t>(shape.size());
    std::ranges::copy(shape, dims.d);
    return context_->setInputShape(name.c_str(), dims);
  }
  bool infer_shapes() final { return context_->inferShapes(0, nullptr) == 0; }
  Shape tensor_shape(const std::string& name) final {
    return to_shape(context_->getTensorShape(name.c_str()));
  }
  bool set_address(const std::string& name, void* address) final {
    return context_->setTensorAddress(name.c_str(), address);
  }
  bool enqueue(StreamHandle stream) final { return context_->enqueueV3(stream); }

 private:
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
};

class Engine final : public TrtEngine {
 public:
  explicit Engine(std::unique_ptr<nvinfer1::ICudaEngine> engine) : engine_(std::move(engine)) {}

  std::vector<TensorInfo> tensors() final {
    std::vector<TensorInfo> tensors;
    for (std::int32_t i = 0; i < engine_->getNbIOTensors(); ++i) {
      const char* const name = engine_->getIOTensorName(i);
      tensors.push_back({name, engine_->getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT,
                         to_type(engine_->getTensorDataType(name)),
                         to_shape(engine_->getTensorShape(name))});
    }
    return tensors;
  }

  std::vector<ProfileShapes> profiles(const std::string& input) final {
    using Selector = nvinfer1::OptProfileSelector;
    std::vector<ProfileShapes> profiles;
    for (std::int32_t i = 0; i < engine_->getNbOptimizationProfiles(); ++i) {
      profiles.push_back({to_shape(engine_->getProfileShape(input.c_str(), i, Selector::kMIN)),
                          to_shape(engine_->getProfileShape(input.c_str(), i, Selector::kMAX))});
    }
    return profiles;
  }

  std::size_t memory_bytes() final {
    return static_cast<std::size_t>(std::max<std::int64_t>(engine_->getDeviceMemorySizeV2(), 0));
  }

  std::unique_ptr<TrtContext> make_context() final {
    std::unique_ptr<nvinfer1::IExecutionContext> context(engine_->createExecutionContext(
        nvinfer1::ExecutionContextAllocationStrategy::kUSER_MANAGED));
    return context == nullptr ? nullptr : std::make_unique<Context>(std::move(context));
  }

 private:
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
};

class Runtime final : public TensorRt {
 public:
  explicit Runtime(const NvinferLibrary& library) {
    using Create = void* (*)(void* logger, std::int32_t version);
    const auto create = reinterpret_cast<Create>(
        system::find_symbol(library.handle, "createInferRuntime_INTERNAL"));
    if (create == nullptr) {
      fail(ErrorCode::kInference, text(library.path, " without createInferRuntime_INTERNAL"),
           "TensorRT's library", "install TensorRT again");
    }
    runtime_.reset(static_cast<nvinfer1::IRuntime*>(
        create(static_cast<nvinfer1::ILogger*>(&process_logger()), NV_TENSORRT_VERSION)));
    if (runtime_ == nullptr) {
      fail(ErrorCode::kInference, text("no runtime of TensorRT: ", take_errors()), "a runtime",
           "check that driver, GPU and TensorRT fit each other");
    }
  }

  std::unique_ptr<TrtEngine> load(std::span<const std::byte> plan) final {
    std::unique_ptr<nvinfer1::ICudaEngine> engine(
        runtime_->deserializeCudaEngine(plan.data(), plan.size()));
    return engine == nullptr ? nullptr : std::make_unique<Engine>(std::move(engine));
  }

  std::string take_errors() final { return process_logger().take_errors(); }

 private:
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
};

}  // namespace

int nvinfer_major() { return NV_TENSORRT_MAJOR; }

std::unique_ptr<TensorRt> make_nvinfer(const NvinferLibrary& library) {
  return std::make_unique<Runtime>(library);
}

}  // namespace kilomark::cuda
