// A stand-in for the library of an OpenVINO that kilomark does not run with.

#include "cpu/openvino_api.hpp"

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED kilomark::cpu::openvino::Status ov_get_openvino_version(
    kilomark::cpu::openvino::Version* version) {
  *version = {"2025.4.1-1-old", ""};
  return kilomark::cpu::openvino::Status::kOk;
}

EXPORTED void ov_version_free(kilomark::cpu::openvino::Version* version) { *version = {}; }
