// A plugin of another version of the ABI: whoever calls more than its version has a fault.

#include <cstdint>
#include <cstdlib>

extern "C" {

__attribute__((visibility("default"))) std::uint32_t kilomark_cuda_abi_version() { return 12345; }

__attribute__((visibility("default"))) const void* kilomark_cuda_plugin_api() { std::abort(); }
}
