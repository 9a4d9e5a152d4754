// Compares the declarations of openvino_api.hpp with the headers of an installed OpenVINO.

#include <gtest/gtest.h>
#include <openvino/c/openvino.h>

#include <tuple>
#include <type_traits>

#include "cpu/openvino_api.hpp"

namespace kilomark::cpu::openvino {
namespace {

// Types that are passed alike: pointers, enumerations of the same width, the same numbers, and
// structures of the same size, whose members are compared below.
template <class Ours, class Theirs>
constexpr bool is_passed_alike() {
  if constexpr (std::is_void_v<Ours> || std::is_void_v<Theirs>) {
    return std::is_void_v<Ours> && std::is_void_v<Theirs>;
  } else if constexpr (std::is_pointer_v<Ours> || std::is_pointer_v<Theirs>) {
    return std::is_pointer_v<Ours> && std::is_pointer_v<Theirs>;
  } else if constexpr (std::is_enum_v<Ours> || std::is_enum_v<Theirs>) {
    return std::is_enum_v<Ours> && std::is_enum_v<Theirs> && sizeof(Ours) == sizeof(Theirs);
  } else if constexpr (std::is_class_v<Ours> || std::is_class_v<Theirs>) {
    return std::is_class_v<Ours> && std::is_class_v<Theirs> && sizeof(Ours) == sizeof(Theirs) &&
           std::is_trivially_copyable_v<Theirs>;
  } else {
    return std::is_same_v<Ours, Theirs>;
  }
}

template <class Ours, class Theirs>
struct HasSameAbi : std::false_type {};

template <class OurResult, class... Ours, class TheirResult, class... Theirs>
  requires(sizeof...(Ours) == sizeof...(Theirs))
struct HasSameAbi<OurResult (*)(Ours...), TheirResult (*)(Theirs...)>
    : std::bool_constant<(is_passed_alike<Ours, Theirs>() && ... &&
                          is_passed_alike<OurResult, TheirResult>())> {};

template <class OurResult, class... Ours, class TheirResult, class... Theirs>
  requires(sizeof...(Ours) == sizeof...(Theirs))
struct HasSameAbi<OurResult (*)(Ours..., ...), TheirResult (*)(Theirs..., ...)>
    : HasSameAbi<OurResult (*)(Ours...), TheirResult (*)(Theirs...)> {};

static_assert(!HasSameAbi<Status (*)(Model*), decltype(&ov_model_free)>::value);
static_assert(!HasSameAbi<void (*)(Model*, int), decltype(&ov_model_free)>::value);
static_assert(!HasSameAbi<void (*)(Shape), decltype(&ov_model_free)>::value);

#define EXPECT_SAME_ABI(name) \
  static_assert(HasSameAbi<decltype(Api::name), decltype(&ov_##name)>::value, #name)

EXPECT_SAME_ABI(get_openvino_version);
EXPECT_SAME_ABI(version_free);
EXPECT_SAME_ABI(get_error_info);
EXPECT_SAME_ABI(get_last_err_msg);
EXPECT_SAME_ABI(free);
EXPECT_SAME_ABI(core_create);
EXPECT_SAME_ABI(core_free);
EXPECT_SAME_ABI(core_read_model_from_memory_buffer);
EXPECT_SAME_ABI(core_compile_model);
EXPECT_SAME_ABI(core_get_property);
EXPECT_SAME_ABI(model_free);
EXPECT_SAME_ABI(model_inputs_size);
EXPECT_SAME_ABI(model_outputs_size);
EXPECT_SAME_ABI(model_const_input_by_index);
EXPECT_SAME_ABI(model_const_output_by_index);
EXPECT_SAME_ABI(model_const_input_by_name);
EXPECT_SAME_ABI(model_const_output_by_name);
EXPECT_SAME_ABI(model_reshape_single_input);
EXPECT_SAME_ABI(layout_create);
EXPECT_SAME_ABI(layout_free);
EXPECT_SAME_ABI(preprocess_prepostprocessor_create);
EXPECT_SAME_ABI(preprocess_prepostprocessor_free);
EXPECT_SAME_ABI(preprocess_prepostprocessor_get_input_info);
EXPECT_SAME_ABI(preprocess_prepostprocessor_build);
EXPECT_SAME_ABI(preprocess_input_info_get_tensor_info);
EXPECT_SAME_ABI(preprocess_input_info_get_model_info);
EXPECT_SAME_ABI(preprocess_input_info_free);
EXPECT_SAME_ABI(preprocess_input_tensor_info_set_layout);
EXPECT_SAME_ABI(preprocess_input_tensor_info_free);
EXPECT_SAME_ABI(preprocess_input_model_info_set_layout);
EXPECT_SAME_ABI(preprocess_input_model_info_free);
EXPECT_SAME_ABI(port_get_any_name);
EXPECT_SAME_ABI(port_get_partial_shape);
EXPECT_SAME_ABI(port_get_element_type);
EXPECT_SAME_ABI(partial_shape_free);
EXPECT_SAME_ABI(output_const_port_free);
EXPECT_SAME_ABI(compiled_model_create_infer_request);
EXPECT_SAME_ABI(compiled_model_free);
EXPECT_SAME_ABI(infer_request_set_tensor);
EXPECT_SAME_ABI(infer_request_get_tensor);
EXPECT_SAME_ABI(infer_request_start_async);
EXPECT_SAME_ABI(infer_request_wait);
EXPECT_SAME_ABI(infer_request_free);
EXPECT_SAME_ABI(tensor_create_from_host_ptr);
EXPECT_SAME_ABI(tensor_get_size);
EXPECT_SAME_ABI(tensor_data);
EXPECT_SAME_ABI(tensor_free);

TEST(OpenvinoHeaders, StructuresHaveTheSameMembers) {
  EXPECT_EQ(offsetof(Version, build_number), offsetof(ov_version_t, buildNumber));
  EXPECT_EQ(offsetof(Version, description), offsetof(ov_version_t, description));
  EXPECT_EQ(offsetof(Shape, rank), offsetof(ov_shape_t, rank));
  EXPECT_EQ(offsetof(Shape, sizes), offsetof(ov_shape_t, dims));
  EXPECT_EQ(offsetof(Dimension, min), offsetof(ov_dimension_t, min));
  EXPECT_EQ(offsetof(Dimension, max), offsetof(ov_dimension_t, max));
  EXPECT_EQ(offsetof(PartialShape, rank), offsetof(ov_partial_shape_t, rank));
  EXPECT_EQ(offsetof(PartialShape, dimensions), offsetof(ov_partial_shape_t, dims));
}

TEST(OpenvinoHeaders, EnumerationsHaveTheSameValues) {
  EXPECT_EQ(static_cast<int>(Status::kOk), static_cast<int>(OK));
  EXPECT_EQ(static_cast<int>(Status::kInvalidParameter), static_cast<int>(INVALID_C_PARAM));
  EXPECT_EQ(static_cast<int>(Status::kUnknownError), static_cast<int>(UNKNOWN_C_ERROR));
  EXPECT_EQ(static_cast<int>(ElementType::kF32), static_cast<int>(F32));
}

}  // namespace
}  // namespace kilomark::cpu::openvino
