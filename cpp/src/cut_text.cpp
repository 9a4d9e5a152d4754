#include "cut_text.hpp"

namespace kilomark {

namespace {

constexpr std::string_view kGap = " ...";

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

std::string_view whole_start(std::string_view text, std::size_t longest) {
  while (longest > 0 && continues(text, longest)) {
    --longest;
  }
  return text.substr(0, longest);
}

std::string_view whole_end(std::string_view text, std::size_t longest) {
  std::size_t begin = text.size() - longest;
  while (continues(text, begin)) {
    ++begin;
  }
  return text.substr(begin);
}

}  // namespace

std::string cut(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) {
    return std::string(text);
  }
  return std::string(whole_start(text, longest)).append(kGap);
}

std::string quote(std::string_view text) {
  std::string shown = cut(text);
  for (char& letter : shown) {
    if (static_cast<unsigned char>(letter) < 0x20) {
      letter = '?';
    }
  }
  return '"' + shown + '"';
}

std::string cut_middle(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) {
    return std::string(text);
  }
  const std::size_t end = longest / 4;
  const std::size_t start = longest - end - kGap.size() - 1;
  return std::string(whole_start(text, start))
      .append(kGap)
      .append(" ")
      .append(whole_end(text, end));
}

}  // namespace kilomark
