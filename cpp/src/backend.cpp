#include "kilomark/backend.hpp"

#include "cpu/cpu_backend.hpp"
#include "kilomark/error.hpp"
#include "text.hpp"

namespace kilomark {

std::unique_ptr<Backend> make_backend(const LandmarkNetwork& landmarks, const FinderNetwork* finder,
                                      const BackendOptions& options) {
  if (options.device == "cpu") {
    return std::make_unique<cpu::CpuBackend>(landmarks, finder, options);
  }
  fail(ErrorCode::kDevice, text("device \"", options.device, "\""),
       "a device that this build can use: cpu", "pass device=\"cpu\"");
}

std::vector<std::string> available_devices() { return {"cpu"}; }

}  // namespace kilomark
