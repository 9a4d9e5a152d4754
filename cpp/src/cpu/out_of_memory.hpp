#pragma once

#include <exception>
#include <new>
#include <string_view>

namespace kilomark::cpu {

// Throws std::bad_alloc if that is what `error` says: OpenVINO wraps it into an exception of its
// own, and oneDNN has its own words.
inline void throw_if_out_of_memory(const std::exception& error) {
  const std::string_view said = error.what();
  if (said.find("bad_alloc") != std::string_view::npos ||
      said.find("can't alloc") != std::string_view::npos) {
    throw std::bad_alloc();
  }
}

}  // namespace kilomark::cpu
