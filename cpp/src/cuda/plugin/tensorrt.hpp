#pragma once

// The calls of TensorRT that the plugin makes, and no others: the seam at which tests put a
// TensorRT of their own. TensorRT's calls return false or null; what it then logged is
// take_errors().

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cuda/plugin/crop_kernel.hpp"
#include "cuda/plugin/driver.hpp"

namespace kilomark::cuda {

using Shape = std::vector<std::int64_t>;  // -1: dynamic

struct TensorInfo {
  std::string name;
  bool is_input = false;
  std::optional<TensorType> type;  // none: a type that kilomark does not read or write
  Shape shape;
};

// The shapes of the input that an optimization profile is made for.
struct ProfileShapes {
  Shape smallest;
  Shape largest;
};

// IExecutionContext, its memory given by the user.
class TrtContext {
 public:
  TrtContext() = default;
  TrtContext(const TrtContext&) = delete;
  TrtContext& operator=(const TrtContext&) = delete;
  virtual ~TrtContext() = default;

  [[nodiscard]] virtual bool set_profile(int profile, StreamHandle stream) = 0;
  [[nodiscard]] virtual bool set_memory(void* memory, std::size_t bytes) = 0;
  [[nodiscard]] virtual bool set_input_shape(const std::string& name, const Shape& shape) = 0;
  // inferShapes: whether the shapes of all outputs follow from the input's.
  [[nodiscard]] virtual bool infer_shapes() = 0;
  [[nodiscard]] virtual Shape tensor_shape(const std::string& name) = 0;  // getTensorShape
  [[nodiscard]] virtual bool set_address(const std::string& name, void* address) = 0;
  [[nodiscard]] virtual bool enqueue(StreamHandle stream) = 0;
};

// ICudaEngine.
class TrtEngine {
 public:
  TrtEngine() = default;
  TrtEngine(const TrtEngine&) = delete;
  TrtEngine& operator=(const TrtEngine&) = delete;
  virtual ~TrtEngine() = default;

  [[nodiscard]] virtual std::vector<TensorInfo> tensors() = 0;
  [[nodiscard]] virtual std::vector<ProfileShapes> profiles(const std::string& input) = 0;
  [[nodiscard]] virtual std::size_t memory_bytes() = 0;  // of a context, at its largest shapes
  [[nodiscard]] virtual std::unique_ptr<TrtContext> make_context() = 0;  // null: failed
};

// IRuntime. Make one only where there is a driver and a device: without, TensorRT crashes.
class TensorRt {
 public:
  TensorRt() = default;
  TensorRt(const TensorRt&) = delete;
  TensorRt& operator=(const TensorRt&) = delete;
  virtual ~TensorRt() = default;

  [[nodiscard]] virtual std::unique_ptr<TrtEngine> load(std::span<const std::byte> plan) = 0;

  // The errors that TensorRT logged since the last call, joined, or "".
  [[nodiscard]] virtual std::string take_errors() = 0;
};

}  // namespace kilomark::cuda
