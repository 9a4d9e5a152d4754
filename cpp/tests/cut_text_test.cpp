#include "cut_text.hpp"

#include <gtest/gtest.h>

#include "kilomark/error.hpp"

namespace kilomark {
namespace {

TEST(CutText, ShortTextsStay) {
  EXPECT_EQ(cut("short"), "short");
  EXPECT_EQ(cut_middle("short", 100), "short");
  EXPECT_EQ(quote("short"), "\"short\"");
}

TEST(CutText, LongTextsEndWithDots) {
  EXPECT_EQ(cut("abcdef", 3), "abc ...");
  EXPECT_EQ(quote(std::string(300'000, 'a')), '"' + std::string(kLongestExcerpt, 'a') + " ...\"");
}

TEST(CutText, CharactersStayWhole) {
  EXPECT_EQ(cut("aä", 2), "a ...");
  std::string umlauts;
  for (int i = 0; i < 1'000; ++i) {
    umlauts += "ä";
  }
  for (const std::size_t longest : {100, 101, 102, 103}) {
    const std::string shown = cut_middle(umlauts, longest);
    EXPECT_LE(shown.size(), longest);
    EXPECT_EQ(shown.find(" ... ä") % 2, 0U) << shown;
  }
}

TEST(CutText, ControlCharactersAreNotShown) { EXPECT_EQ(quote("a\x1b[2J\n"), "\"a?[2J?\""); }

TEST(Error, KeepsTheRemedyOfALongMessage) {
  try {
    fail(ErrorCode::kInvalidInput, std::string(300'000, 'x'), "less", "cut it");
    FAIL();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_LE(message.size(), kMaxErrorBytes);
    EXPECT_EQ(message.rfind("found xxx", 0), 0U);
    EXPECT_TRUE(message.ends_with("; expected less; cut it"));
  }
}

}  // namespace
}  // namespace kilomark
