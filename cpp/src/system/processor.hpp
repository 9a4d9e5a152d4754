#pragma once

// What the system knows of the processor. linux.cpp, macos.cpp and windows.cpp implement this.
namespace kilomark::system {

// Whether this is an aarch64 processor with instructions for SHA-256, which are an extension there.
// A Raspberry Pi 5 has them, a Raspberry Pi 4 has not.
[[nodiscard]] bool has_aarch64_sha256();

}  // namespace kilomark::system
