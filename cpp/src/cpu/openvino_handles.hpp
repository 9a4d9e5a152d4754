#pragma once

#include <memory>

#include "cpu/openvino_library.hpp"

// Owners of OpenVINO's objects.
namespace kilomark::cpu::openvino {

template <auto kFree>
struct Freed {
  template <class Object>
  void operator()(Object* object) const noexcept {
    (openvino_api().*kFree)(object);  // the object came from there, so this does not throw
  }
};

using ModelHandle = std::unique_ptr<Model, Freed<&Api::model_free>>;
using CompiledModelHandle = std::unique_ptr<CompiledModel, Freed<&Api::compiled_model_free>>;
using InferRequestHandle = std::unique_ptr<InferRequest, Freed<&Api::infer_request_free>>;
using TensorHandle = std::unique_ptr<Tensor, Freed<&Api::tensor_free>>;
using ConstPortHandle = std::unique_ptr<ConstPort, Freed<&Api::output_const_port_free>>;
using LayoutHandle = std::unique_ptr<Layout, Freed<&Api::layout_free>>;
using PreprocessorHandle =
    std::unique_ptr<Preprocessor, Freed<&Api::preprocess_prepostprocessor_free>>;
using InputInfoHandle = std::unique_ptr<InputInfo, Freed<&Api::preprocess_input_info_free>>;
using InputTensorInfoHandle =
    std::unique_ptr<InputTensorInfo, Freed<&Api::preprocess_input_tensor_info_free>>;
using InputModelInfoHandle =
    std::unique_ptr<InputModelInfo, Freed<&Api::preprocess_input_model_info_free>>;

// Calls a function whose last argument is where its result goes, and owns the result.
template <class Handle, class Function, class... Arguments>
[[nodiscard]] Handle make(Function function, Arguments... arguments) {
  typename Handle::pointer made = nullptr;
  check(function(arguments..., &made));
  return Handle(made);
}

}  // namespace kilomark::cpu::openvino
