#pragma once

#include <cstddef>
#include <cstdint>

// The part of OpenVINO's C interface that kilomark calls, declared here so that neither OpenVINO's
// headers nor its libraries are needed to build. openvino_headers_test.cpp compares it with the
// headers of an installed OpenVINO.
namespace kilomark::cpu::openvino {

// The interface is the same in all releases of this year. Those of 2025 number the element types
// in another way.
inline constexpr int kYear = 2026;

enum class Status : std::int32_t { kOk = 0, kInvalidParameter = -14, kUnknownError = -15 };

enum class ElementType : std::uint32_t { kF32 = 4 };

struct Core;
struct Model;
struct CompiledModel;
struct InferRequest;
struct Tensor;
struct ConstPort;
struct Layout;
struct Preprocessor;
struct InputInfo;
struct InputTensorInfo;
struct InputModelInfo;

struct Version {
  const char* build_number;
  const char* description;
};

struct Shape {
  std::int64_t rank;
  std::int64_t* sizes;
};

// Both bounds are -1 if any length is possible.
struct Dimension {
  std::int64_t min;
  std::int64_t max;
};

struct PartialShape {
  Dimension rank;
  Dimension* dimensions;
};

// The functions by their names in the library, without "ov_".
struct Api {
  Status (*get_openvino_version)(Version*);
  void (*version_free)(Version*);
  const char* (*get_error_info)(Status);
  const char* (*get_last_err_msg)();  // to be freed with free(); null if there is none
  void (*free)(const char*);

  Status (*core_create)(Core**);
  void (*core_free)(Core*);
  Status (*core_read_model_from_memory_buffer)(const Core*, const char* bytes, std::size_t size,
                                               const Tensor* weights, Model**);
  // After the result come keys and values of properties, as text; `num_texts` counts both.
  Status (*core_compile_model)(const Core*, const Model*, const char* device, std::size_t num_texts,
                               CompiledModel**, ...);
  Status (*core_get_property)(const Core*, const char* device, const char* key, char** value);

  void (*model_free)(Model*);
  Status (*model_inputs_size)(const Model*, std::size_t*);
  Status (*model_outputs_size)(const Model*, std::size_t*);
  Status (*model_const_input_by_index)(const Model*, std::size_t, ConstPort**);
  Status (*model_const_output_by_index)(const Model*, std::size_t, ConstPort**);
  Status (*model_const_input_by_name)(const Model*, const char*, ConstPort**);
  Status (*model_const_output_by_name)(const Model*, const char*, ConstPort**);
  Status (*model_reshape_single_input)(const Model*, PartialShape);

  Status (*layout_create)(const char*, Layout**);
  void (*layout_free)(Layout*);
  Status (*preprocess_prepostprocessor_create)(const Model*, Preprocessor**);
  void (*preprocess_prepostprocessor_free)(Preprocessor*);
  Status (*preprocess_prepostprocessor_get_input_info)(const Preprocessor*, InputInfo**);
  Status (*preprocess_prepostprocessor_build)(const Preprocessor*, Model**);
  Status (*preprocess_input_info_get_tensor_info)(const InputInfo*, InputTensorInfo**);
  Status (*preprocess_input_info_get_model_info)(const InputInfo*, InputModelInfo**);
  void (*preprocess_input_info_free)(InputInfo*);
  Status (*preprocess_input_tensor_info_set_layout)(InputTensorInfo*, Layout*);
  void (*preprocess_input_tensor_info_free)(InputTensorInfo*);
  Status (*preprocess_input_model_info_set_layout)(InputModelInfo*, Layout*);
  void (*preprocess_input_model_info_free)(InputModelInfo*);

  Status (*port_get_any_name)(const ConstPort*, char**);
  Status (*port_get_partial_shape)(const ConstPort*, PartialShape*);
  Status (*port_get_element_type)(const ConstPort*, ElementType*);
  void (*partial_shape_free)(PartialShape*);
  void (*output_const_port_free)(ConstPort*);

  Status (*compiled_model_create_infer_request)(const CompiledModel*, InferRequest**);
  void (*compiled_model_free)(CompiledModel*);

  Status (*infer_request_set_tensor)(InferRequest*, const char* name, const Tensor*);
  Status (*infer_request_get_tensor)(const InferRequest*, const char* name, Tensor**);
  Status (*infer_request_start_async)(InferRequest*);
  Status (*infer_request_wait)(InferRequest*);
  void (*infer_request_free)(InferRequest*);

  Status (*tensor_create_from_host_ptr)(ElementType, Shape, void*, Tensor**);
  Status (*tensor_get_size)(const Tensor*, std::size_t*);
  Status (*tensor_data)(const Tensor*, void**);
  void (*tensor_free)(Tensor*);
};

}  // namespace kilomark::cpu::openvino
