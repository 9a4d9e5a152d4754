#pragma once

#include <string>

#include "kilomark/api.hpp"

namespace kilomark {

// The releases of OpenVINO that this library runs with, as pip writes it.
inline constexpr const char* kOpenvinoRange = ">=2026.0,<2027";

// The OpenVINO that runs networks on the CPU.
struct OpenvinoProbe {
  std::string version;  // "2026.4.1-22150-..."; "" if no library was found
  std::string path;     // of its library libopenvino_c; "" if none was found
  std::string reason;   // why it cannot be used; "" if it can
};

// Loads OpenVINO's library if that has not happened yet. It is looked for, in this order,
//
//   1. where the environment variable KILOMARK_OPENVINO says, a library or its folder, and there
//      alone if it is set;
//   2. in the folder of use_openvino_folder();
//   3. where the loader of the system looks: among the libraries that the process has open, in
//      LD_LIBRARY_PATH, in the folders of the system.
//
// What was found stays for the life of the process; after a failure the next call looks again.
[[nodiscard]] KILOMARK_API OpenvinoProbe probe_openvino();

// Names a folder that may hold OpenVINO's libraries, such as openvino/libs of its Python package.
KILOMARK_API void use_openvino_folder(const std::string& folder);

}  // namespace kilomark
