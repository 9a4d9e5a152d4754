#include "kilomark/bundle.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kilomark/detector.hpp"
#include "kilomark/detector_source.hpp"
#include "kilomark/error.hpp"

namespace kilomark {
namespace {

const std::filesystem::path kShipped = KILOMARK_SHIPPED_BUNDLES;

constexpr const char* kFinder = R"({
  "schema_version": 1, "name": "tiny", "task": "faces",
  "model": {"file": "model.onnx", "size_bytes": 4, "sha256": "00"},
  "input": {"width": 64, "height": 32, "channel_order": "bgr", "mean": [0, 1, 2], "std": [1, 1, 1]},
  "accuracy": {"recall_percent": 99.5, "note": "of drawn faces"},
  "strides": [8, 16],
  "keypoints": ["right_eye", "left_eye", "nose_tip", "right_mouth", "left_mouth"],
  "rescoring": {"offset": -2}
})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// The name that messages give to the manifest in "somewhere".
const std::string kFile = (std::filesystem::path("somewhere") / "manifest.json").string();

// No value: none.
void set_variable(const char* name, const std::string& value) {
#if defined(_WIN32)
  _putenv_s(name, value.c_str());
#else
  value.empty() ? unsetenv(name) : setenv(name, value.c_str(), 1);
#endif
}

std::string error_of(const std::string& manifest) {
  try {
    (void)parse_manifest(manifest, "somewhere");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBundle);
    return error.what();
  }
  return "no error";
}

TEST(Manifest, OfAFinderIsRead) {
  const Bundle bundle = parse_manifest(kFinder, "somewhere");
  const auto& finder = std::get<FinderBundle>(bundle);
  EXPECT_EQ(finder.header.name, "tiny");
  EXPECT_EQ(finder.header.folder, "somewhere");
  EXPECT_EQ(finder.header.accuracy, (std::map<std::string, double>{{"recall_percent", 99.5}}));
  EXPECT_EQ(finder.network.input.order, ChannelOrder::kBgr);
  EXPECT_EQ(finder.network.strides, (std::vector{8, 16}));
  EXPECT_EQ(finder.network.rescoring.offset, -2.0F);
  EXPECT_EQ(finder.network.rescoring.finder_weight, 0.7F);
}

TEST(Manifest, ErrorNamesFileKeyFoundAndExpected) {
  EXPECT_EQ(error_of(replaced(kFinder, "64", "65")),
            kFile + ": input.width is 65; expected a multiple of 16");
  EXPECT_EQ(error_of(replaced(kFinder, "\"tiny\"", "null")),
            kFile + ": name is null; expected a string of at most 200 characters");
  EXPECT_EQ(error_of(replaced(kFinder, "[8, 16]", "[8, 18446744073709551615]")),
            kFile +
                ": strides holds 18446744073709551615; expected a list of at most "
                "8 whole numbers from 1 to 1024");
  EXPECT_EQ(error_of(replaced(kFinder, "-2", "1e300")),
            kFile +
                ": rescoring.offset is 1e+300; expected a finite number above "
                "-100, at most 100");
}

TEST(Manifest, ThatNestsDeeplyIsRefused) {
  const std::string open(kMaxManifestDepth, '[');
  const std::string close(kMaxManifestDepth, ']');
  EXPECT_NE(error_of("{\"a\": " + open + close + "}").find("more than 16 deep"), std::string::npos);
  EXPECT_NE(error_of(std::string(kMaxManifestBytes, '[')).find("more than 16 deep"),
            std::string::npos);
}

TEST(Manifest, ThatIsTooLargeOrNoJsonIsRefused) {
  EXPECT_NE(error_of(std::string(kMaxManifestBytes + 1, ' ')).find("expected at most 4194304"),
            std::string::npos);
  EXPECT_NE(error_of("{\"a\": 1, \"a\": 2}").find("the key 'a' appears twice"), std::string::npos);
  EXPECT_NE(error_of("{} {}").find("is not JSON"), std::string::npos);
  EXPECT_NE(error_of("\"" + std::string(100'000, 'x')).find("is not JSON"), std::string::npos);
  EXPECT_LT(error_of("\"" + std::string(100'000, 'x')).size(), 400U);
}

class InstalledBundles : public testing::Test {
 protected:
  void SetUp() override { set_variable("KILOMARK_BUNDLES", kShipped.string()); }
  void TearDown() override { set_variable("KILOMARK_BUNDLES", ""); }
};

TEST_F(InstalledBundles, AreFoundByNameOrFolder) {
  EXPECT_EQ(find_bundle("lite"), kShipped / "lite");
  EXPECT_EQ(find_bundle(kShipped / "faces"), kShipped / "faces");
  EXPECT_EQ(installed_bundles().count("wild"), 1U);
  EXPECT_EQ(read_landmark_bundle("wild").network.num_landmarks, 971);
  EXPECT_EQ(read_finder_bundle("faces").network.strides.size(), 3U);
}

TEST_F(InstalledBundles, NameTheirFinderAndRescorer) {
  const LandmarkBundle large = read_landmark_bundle("resnext50");
  EXPECT_EQ(large.finder, "faces-large");
  EXPECT_EQ(large.rescorer, "wild");
  const LandmarkBundle small = read_landmark_bundle("lite");  // whose manifest names none
  EXPECT_EQ(small.finder, kDefaultFinder);
  EXPECT_EQ(small.rescorer, kDefaultRescorer);
}

TEST_F(InstalledBundles, OfTheOtherTaskOrOfNoNameAreRefused) {
  EXPECT_THROW((void)read_landmark_bundle("faces"), Error);
  EXPECT_THROW((void)read_finder_bundle("lite"), Error);
  try {
    (void)find_bundle("litte");
    FAIL();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("no bundle 'litte'"), std::string::npos) << message;
    EXPECT_NE(message.find("eyes, faces, faces-large, lite, resnext50, resnext50-turned, wild"),
              std::string::npos);
  }
}

TEST_F(InstalledBundles, DamagedModelIsRefused) {
  const auto folder = std::filesystem::temp_directory_path() / "kilomark_damaged_bundle";
  std::filesystem::remove_all(folder);
  std::filesystem::copy(kShipped / "faces", folder);
  std::fstream model(folder / "model.onnx", std::ios::in | std::ios::out | std::ios::binary);
  model.seekp(1000).put('\x7F');
  model.close();
  try {
    (void)read_bundle(folder);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("is damaged: found"), std::string::npos);
  }
  std::filesystem::remove_all(folder);
}

// An image without faces: all that matters is that the whole way is walked.
TEST_F(InstalledBundles, MakeADetectorAndATracker) {
  const Detector detector("wild");
  EXPECT_TRUE(detector.has(NetworkRole::kFinder));
  EXPECT_TRUE(detector.has(NetworkRole::kRescorer));
  EXPECT_TRUE(detector.has(NetworkRole::kEyes));
  ASSERT_NE(detector.topology().find_group("left_eye"), nullptr);
  const std::vector<std::uint8_t> gray(120UL * 160UL, 128);
  const ImageView image{gray.data(), 160, 120, 160, PixelFormat::kGray};
  EXPECT_EQ(detector.predict(image).size(), 0U);
  Tracker tracker = make_tracker(detector);
  EXPECT_TRUE(tracker.update(image, 0.0).ids.empty());
}

TEST_F(InstalledBundles, CompanionIsTakenFromTheFolderBeside) {
  const auto folder = std::filesystem::temp_directory_path() / "kilomark_companion";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::filesystem::copy(kShipped / "wild", folder / "first");
  LandmarkBundle first = read_landmark_bundle(folder / "first");
  first.companion = Companion{"second", {}};
  EXPECT_THROW((void)read_companion(first), Error);
  std::filesystem::copy(kShipped / "lite", folder / "second");
  EXPECT_EQ(read_companion(first).header.name, "lite");
  first.companion->name = "lite";
  EXPECT_EQ(read_companion(first).header.folder, kShipped / "lite");  // an installed one
  first.topology.mirror.clear();
  EXPECT_THROW((void)read_companion(first), Error);
  std::filesystem::remove_all(folder);
}

TEST_F(InstalledBundles, EyesAreThoseOfAFace) {
  LandmarkBundle lite = read_landmark_bundle("lite");
  const EyeNetwork eyes = read_eyes(lite);
  EXPECT_EQ(eyes.network.num_landmarks, 129);
  EXPECT_EQ(eyes.right.front(), lite.topology.find_group("right_eye")->start);
  EXPECT_EQ(eyes.left.front(), lite.topology.find_group("left_eye")->start);
  EXPECT_EQ(eyes.left.back(), lite.topology.find_group("left_pupil")->start);
  EXPECT_EQ(eyes.corners, (std::array<int, 2>{0, 48}));
  for (const char* name : {"gone", "wild"}) {
    lite.eyes->name = name;
    EXPECT_THROW((void)read_eyes(lite), Error) << name;
  }
  EXPECT_THROW(Detector("eyes"), Error);
}

TEST_F(InstalledBundles, DetectorOfAGpuSaysWhatToDo) {
  try {
    const Detector detector("lite", {.backend = {.device = "cuda"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
    EXPECT_NE(std::string(error.what()).find("expected device 'cpu'"), std::string::npos);
  }
}

TEST(SameLandmarks, ComparesNumberGroupsAndMirror) {
  const Topology eye{2, {{"right_eye", 0, 2, true}}, {1, 0}, {}, {}};
  EXPECT_TRUE(same_landmarks(eye, eye));
  Topology other = eye;
  other.subset_68 = {1};
  EXPECT_TRUE(same_landmarks(eye, other));
  other.mirror = {};
  EXPECT_FALSE(same_landmarks(eye, other));
  other = eye;
  other.groups.front().closed = false;
  EXPECT_FALSE(same_landmarks(eye, other));
  other = eye;
  other.num_landmarks = 3;
  EXPECT_FALSE(same_landmarks(eye, other));
}

TEST(FaceLayout, FollowsTheNamesOfGroups) {
  Topology topology;
  topology.num_landmarks = 6;
  topology.groups = {{"outer_lips", 0, 2, true}, {"left_brow", 2, 2, false}, {"chin", 4, 1, {}}};
  const FaceLayout layout = make_face_layout(topology);
  EXPECT_EQ(layout.mobility, (std::vector{1.0F, 1.0F, 0.5F, 0.5F, 0.0F, 0.0F}));
  EXPECT_EQ(layout.groups, (std::vector{0, 0, 1, 1, 2, -1}));
}

TEST(FaceLayout, LidsMoveAndTheCornersOfTheEyesDoNot) {
  Topology topology;
  topology.num_landmarks = 16;
  topology.groups = {{"right_eye", 0, 8, true}, {"left_eye", 8, 8, true}};
  const FaceLayout layout = make_face_layout(topology);
  EXPECT_EQ(layout.left_eye, (std::vector{8, 9, 10, 11, 12, 13, 14, 15}));
  for (const std::size_t eye : {0U, 8U}) {
    EXPECT_NEAR(layout.mobility[eye], 0.0F, 1e-6F);
    EXPECT_NEAR(layout.mobility[eye + 4], 0.0F, 1e-6F);
    EXPECT_NEAR(layout.mobility[eye + 2], 1.0F, 1e-6F);
    EXPECT_NEAR(layout.mobility[eye + 6], 1.0F, 1e-6F);
  }
}

}  // namespace
}  // namespace kilomark
