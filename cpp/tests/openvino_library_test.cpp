#include "cpu/openvino_library.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "kilomark/error.hpp"
#include "kilomark/openvino.hpp"

namespace kilomark::cpu {
namespace {

std::string reason_without(const std::string& library) {
  setenv("KILOMARK_OPENVINO", library.c_str(), 1);
  try {
    (void)openvino_api();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDependency);
    return error.what();
  }
  return "";
}

TEST(OpenvinoLibrary, SaysWhatIsWrongAndLooksAgain) {
  const std::string real = std::getenv("KILOMARK_OPENVINO");
  const std::string remedy =
      "; expected openvino>=2026.0,<2027; pip install 'openvino>=2026.0,<2027'";

  const std::string missing = reason_without("/nowhere/libopenvino_c.so");
  EXPECT_TRUE(missing.starts_with("found no library of OpenVINO (")) << missing;
  EXPECT_TRUE(missing.ends_with(remedy)) << missing;

  EXPECT_EQ(reason_without(KILOMARK_OLD_OPENVINO),
            "found OpenVINO 2025.4.1-1-old in " KILOMARK_OLD_OPENVINO + remedy);
  EXPECT_EQ(probe_openvino().version, "2025.4.1-1-old");

  EXPECT_TRUE(reason_without("/").find("a folder without the library") != std::string::npos);

  setenv("KILOMARK_OPENVINO", real.c_str(), 1);
  EXPECT_NE(openvino_api().core_create, nullptr);
  EXPECT_EQ(probe_openvino().reason, "");
  EXPECT_TRUE(probe_openvino().version.starts_with("2026.")) << probe_openvino().version;
}

TEST(OpenvinoLibrary, FailuresCarryTheirMessage) {
  EXPECT_NO_THROW(check(openvino::Status::kOk));
  openvino::Core* core = nullptr;
  check(openvino_api().core_create(&core));
  openvino::Model* model = nullptr;
  const openvino::Status status =
      openvino_api().core_read_model_from_memory_buffer(core, "damaged", 7, nullptr, &model);
  openvino_api().core_free(core);
  EXPECT_NE(status, openvino::Status::kOk);
  EXPECT_THROW(check(status), OpenvinoFailure);
  EXPECT_THROW(check(openvino::Status::kInvalidParameter), OpenvinoFailure);
}

}  // namespace
}  // namespace kilomark::cpu
