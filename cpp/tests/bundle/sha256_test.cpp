#include "bundle/sha256.hpp"

#include <gtest/gtest.h>

#include "bundle/sha256_blocks.hpp"

namespace kilomark::bundle {
namespace {

// The examples of FIPS 180-4 and of NIST's validation suite.
TEST(Sha256, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Where the length fits into the last block, and where it needs another one.
TEST(Sha256, PadsAnyLength) {
  EXPECT_EQ(sha256(std::string(55, 'a')),
            "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  EXPECT_EQ(sha256(std::string(56, 'a')),
            "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
  EXPECT_EQ(sha256(std::string(64, 'a')),
            "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

TEST(Sha256, InstructionsAgreeWithThePortableLoop) {
  std::string bytes;
  std::uint32_t random = 1;
  for (std::size_t size = 0; size <= 400; ++size) {
    ASSERT_EQ(sha256(bytes), sha256_by(&add_sha_blocks_portable, bytes)) << size << " bytes";
    random = random * 1'664'525U + 1'013'904'223U;
    bytes += static_cast<char>(random >> 24);
  }
}

}  // namespace
}  // namespace kilomark::bundle
