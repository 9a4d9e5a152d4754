#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace kilomark::cuda {

// The last thing in a SetUp(): skips the test if `reason` says why no GPU can be used. With
// KILOMARK_REQUIRE_CUDA=1 it fails instead, so that a run on a GPU cannot pass by skipping.
inline void skip_without_gpu(const std::string& reason) {
  if (reason.empty()) {
    return;
  }
  const char* const required = std::getenv("KILOMARK_REQUIRE_CUDA");
  if (required != nullptr && std::string_view(required) == "1") {
    FAIL() << "KILOMARK_REQUIRE_CUDA=1, but no GPU can be used: " << reason;
  }
  GTEST_SKIP() << "needs a GPU: " << reason;
}

}  // namespace kilomark::cuda
