#pragma once

#include <stdexcept>
#include <string>

#include "cpu/openvino_api.hpp"

namespace kilomark::cpu {

// OpenVINO's functions. Throws Error{kDependency} if it is not there or of another year.
[[nodiscard]] const openvino::Api& openvino_api();

// A call of OpenVINO that failed, in OpenVINO's words.
class OpenvinoFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws OpenvinoFailure unless a call went well, and std::bad_alloc if memory ran out in it.
void check(openvino::Status status);

}  // namespace kilomark::cpu
