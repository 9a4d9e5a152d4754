#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "cuda/plugin/plugin_probe.hpp"
#include "fake_driver.hpp"

namespace kilomark::cuda {
namespace {

int stands_for_a_library = 0;
const NvinferLibrary kFound{&stands_for_a_library, "/lib/libnvinfer.so.10", "", {10, 14, 1, 48}};

PluginProbe probe(FakeDriver& driver, const NvinferLibrary& library = kFound) {
  PluginProbe found{};
  fill_probe(driver, library, found);
  return found;
}

TEST(Probe, SaysWhatThereIs) {
  FakeDriver driver;
  const PluginProbe found = probe(driver);
  EXPECT_STREQ(found.reason, "");
  EXPECT_EQ(found.driver_version, 13000);
  EXPECT_EQ(found.tensorrt_version[3], 48);
  ASSERT_EQ(found.num_devices, 2);
  EXPECT_STREQ(found.devices[0].name, "Fake GPU");
  EXPECT_STREQ(found.devices[0].reason, "");
  EXPECT_EQ(found.devices[0].compute_major, 8);
}

TEST(Probe, RefusesAGpuThatIsTooOld) {
  FakeDriver driver;
  EXPECT_STREQ(probe(driver).devices[1].reason,
               "Old GPU has compute capability 6.1; the oldest that can be used is 7.5");
}

TEST(Probe, TellsAMissingDriverFromAnOldOne) {
  FakeDriver driver;
  driver.newest_cuda = 0;
  EXPECT_STREQ(probe(driver).reason, "there is no NVIDIA driver");
  EXPECT_EQ(probe(driver).num_devices, 0);
  driver.newest_cuda = 12080;
  EXPECT_EQ(std::string(probe(driver).reason)
                .find("the driver runs CUDA up to 12.8, this plugin "
                      "needs 13.0"),
            0U);
}

TEST(Probe, NamesAllThatIsMissing) {
  FakeDriver driver;
  driver.num_devices = 0;
  EXPECT_STREQ(probe(driver, {nullptr, "", "TensorRT 10 was not found", {}}).reason,
               "the driver finds no GPU; TensorRT 10 was not found");
}

// pip installs the newest TensorRT unless it is told the plugin's.
TEST(NvinferLibrary, SaysWhichTensorRtToInstall) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "kilomark-tensorrt_libs";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "libnvinfer.so.11") << "a library";
  const std::string path = folder.string();
  const std::array<const char*, 1> folders{path.c_str()};
  const NvinferLibrary found = load_nvinfer(10, folders);
  EXPECT_EQ(found.handle, nullptr);
  EXPECT_NE(found.reason.find("TensorRT 10 was not found"), std::string::npos) << found.reason;
  EXPECT_NE(
      found.reason.find(path + " holds TensorRT 11, but this plugin is built for TensorRT 10: "
                               "pip install 'tensorrt==10.*'"),
      std::string::npos)
      << found.reason;
  std::filesystem::remove_all(folder);
}

TEST(Probe, OutlivesAnyFailingCall) {
  for (int call = 0; call < 12; ++call) {
    FakeDriver driver;
    driver.faults.arm(call, 999, false);
    const PluginProbe found = probe(driver);
    EXPECT_TRUE(found.num_devices == 2 || found.reason[0] != '\0') << call;
  }
}

}  // namespace
}  // namespace kilomark::cuda
