#include "bundle/excerpt.hpp"

#include "cut_text.hpp"
#include "text.hpp"

namespace kilomark::bundle {

namespace {

bool is_full(const std::string& shown) { return shown.size() > kLongestExcerpt; }

void append_quoted(std::string& shown, std::string_view characters) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  shown += '\'';
  for (const char character : characters.substr(0, kLongestExcerpt + 1)) {
    const auto code = static_cast<unsigned char>(character);
    if (character == '\'' || character == '\\') {
      shown += {'\\', character};
    } else if (code < 0x20 || code == 0x7F) {
      shown += {'\\', 'x', kHexDigits[code >> 4], kHexDigits[code & 15]};
    } else {
      shown += character;
    }
  }
  shown += '\'';
}

void append(std::string& shown, const Json& value);

void append_list(std::string& shown, const Json& list) {
  shown += '[';
  for (auto item = list.begin(); item != list.end() && !is_full(shown); ++item) {
    shown += item == list.begin() ? "" : ", ";
    append(shown, *item);
  }
  shown += ']';
}

void append_object(std::string& shown, const Json& object) {
  shown += '{';
  for (auto item = object.begin(); item != object.end() && !is_full(shown); ++item) {
    shown += item == object.begin() ? "" : ", ";
    append_quoted(shown, item.key());
    shown += ": ";
    append(shown, item.value());
  }
  shown += '}';
}

void append(std::string& shown, const Json& value) {
  if (value.is_string()) {
    append_quoted(shown, value.get_ref<const std::string&>());
  } else if (value.is_array()) {
    append_list(shown, value);
  } else if (value.is_object()) {
    append_object(shown, value);
  } else {
    shown += value.dump();
  }
}

std::size_t length_of(const Json& value) {
  return value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
}

}  // namespace

std::string excerpt(const Json& value) {
  std::string shown;
  append(shown, value);
  if (!is_full(shown)) {
    return shown;
  }
  const bool counted =
      (value.is_string() || value.is_array()) && length_of(value) > kLongestExcerpt;
  shown = cut(shown);
  return counted ? text(shown, " (", length_of(value), " long)") : shown;
}

std::string excerpt(const std::string& text) { return excerpt(Json(text)); }

}  // namespace kilomark::bundle
