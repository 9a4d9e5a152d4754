#pragma once

#include <string>

#include "cuda/plugin/driver.hpp"
#include "cuda/plugin/nvinfer_library.hpp"
#include "cuda/plugin_abi.hpp"

namespace kilomark::cuda {

// Why no device can be used as far as CUDA goes, or ""; `count` is how many there are.
[[nodiscard]] std::string why_no_device(Driver& driver, int* count);

// Fills the probe from driver and TensorRT. Calls nothing of TensorRT's.
void fill_probe(Driver& driver, const NvinferLibrary& nvinfer, PluginProbe& probe);

}  // namespace kilomark::cuda
