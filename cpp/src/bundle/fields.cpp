#include "bundle/fields.hpp"

#include <algorithm>
#include <cmath>

#include "bundle/excerpt.hpp"
#include "text.hpp"

namespace kilomark::bundle {

namespace {

using kilomark::text;

std::string counted(std::string_view count, std::string_view what, const WholeRange& range) {
  return text(count, " ", what, " from ", range.at_least, " to ", range.at_most);
}

std::optional<std::int64_t> to_integer(const Json& value, const WholeRange& range) {
  if (value.is_number_unsigned() &&  // which may exceed 63 bits
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(range.at_most)) {
    return std::nullopt;
  }
  if (!value.is_number_integer()) {
    return std::nullopt;
  }
  const auto number = value.get<std::int64_t>();
  return number >= range.at_least && number <= range.at_most ? std::optional(number) : std::nullopt;
}

std::optional<double> to_number(const Json& value, const NumberRange& range) {
  if (!value.is_number()) {
    return std::nullopt;
  }
  const auto number = value.get<double>();
  return number > range.above && number <= range.at_most ? std::optional(number) : std::nullopt;
}

std::string expected_number(const NumberRange& range) {
  return text("above ", range.above, ", at most ", range.at_most);
}

// Characters of a text in UTF-8, which the parser has checked.
std::size_t count_characters(std::string_view characters) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(characters, begins));
}

}  // namespace

Error Fields::error(std::string_view key, std::string_view expected) const {
  const auto found = object_->find(key);
  return error_saying(key, found == object_->end() ? "is missing" : "is " + excerpt(*found),
                      expected);
}

bool Fields::has(const std::string& key) const {
  const auto found = object_->find(key);
  return found != object_->end() && !found->is_null();
}

std::string Fields::text(const std::string& key, std::size_t longest) const {
  const std::string expected = kilomark::text("a string of at most ", longest, " characters");
  const Json& value = get(key, expected);
  if (!value.is_string() || count_characters(value.get_ref<const std::string&>()) > longest) {
    throw error(key, expected);
  }
  return value.get<std::string>();
}

std::string Fields::one_of(const std::string& key,
                           std::initializer_list<std::string_view> choices) const {
  std::string expected = "one of";
  for (const std::string_view choice : choices) {
    expected += kilomark::text(expected == "one of" ? " " : ", ", choice);
  }
  const Json& value = get(key, expected);
  if (!value.is_string() ||
      std::ranges::find(choices, value.get_ref<const std::string&>()) == choices.end()) {
    throw error(key, expected);
  }
  return value.get<std::string>();
}

std::vector<std::string> Fields::texts(const std::string& key) const {
  constexpr std::string_view kExpected = "a list of strings";
  const Json& values = list(key, kExpected);
  if (!std::ranges::all_of(values, [](const Json& value) { return value.is_string(); })) {
    throw error(key, kExpected);
  }
  return values.get<std::vector<std::string>>();
}

std::int64_t Fields::integer(const std::string& key, const WholeRange& range) const {
  const std::string expected = counted("a", "whole number", range);
  const std::optional<std::int64_t> number = to_integer(get(key, expected), range);
  if (!number) {
    throw error(key, expected);
  }
  return *number;
}

std::vector<int> Fields::integers(const std::string& key, std::size_t count,
                                  const WholeRange& range) const {
  const std::string expected = counted(std::to_string(count), "whole numbers", range);
  return to_integers(key, list_of(key, count, expected), range, expected);
}

std::vector<int> Fields::integers_up_to(const std::string& key, std::size_t at_most_count,
                                        const WholeRange& range) const {
  const std::string expected =
      counted(kilomark::text("a list of at most ", at_most_count), "whole numbers", range);
  return to_integers(key, list_up_to(key, at_most_count, expected), range, expected);
}

double Fields::number(const std::string& key, const NumberRange& range) const {
  const std::string expected = kilomark::text("a finite number ", expected_number(range));
  const std::optional<double> number = to_number(get(key, expected), range);
  if (!number) {
    throw error(key, expected);
  }
  return *number;
}

std::vector<double> Fields::numbers(const std::string& key, std::size_t count,
                                    const NumberRange& range) const {
  const std::string expected = kilomark::text(count, " finite numbers ", expected_number(range));
  std::vector<double> numbers;
  for (const Json& value : list_of(key, count, expected)) {
    const std::optional<double> number = to_number(value, range);
    if (!number) {
      throw error(key, expected);
    }
    numbers.push_back(*number);
  }
  return numbers;
}

std::vector<double> Fields::table(const std::string& key, std::size_t rows, std::size_t columns,
                                  double at_most) const {
  const std::string expected =
      kilomark::text(rows, " rows of ", columns, " finite numbers, or null");
  const Json& values = list_of(key, rows, expected);
  std::vector<double> numbers;
  numbers.reserve(rows * columns);  // at most as many as the text has characters
  for (std::size_t row = 0; row < rows; ++row) {
    const Json& items = values[row];
    const std::string row_key = kilomark::text(key, "[", row, "]");
    if (!items.is_array() || items.size() != columns) {
      throw error_saying(row_key, "is not such a row", expected);
    }
    for (const Json& item : items) {
      if (!item.is_number() || !(std::abs(item.get<double>()) <= at_most)) {
        throw error_saying(row_key, kilomark::text("is ", excerpt(items)), expected);
      }
      numbers.push_back(item.get<double>());
    }
  }
  return numbers;
}

bool Fields::boolean(const std::string& key) const {
  constexpr std::string_view kExpected = "true or false";
  const Json& value = get(key, kExpected);
  if (!value.is_boolean()) {
    throw error(key, kExpected);
  }
  return value.get<bool>();
}

std::optional<bool> Fields::boolean_or_null(const std::string& key) const {
  constexpr std::string_view kExpected = "true, false or null";
  const Json& value = get(key, kExpected);
  if (value.is_null()) {
    return std::nullopt;
  }
  if (!value.is_boolean()) {
    throw error(key, kExpected);
  }
  return value.get<bool>();
}

Fields Fields::section(const std::string& key) const {
  constexpr std::string_view kExpected = "an object";
  const Json& value = get(key, kExpected);
  if (!value.is_object()) {
    throw error(key, kExpected);
  }
  return {value, file_, kilomark::text(prefix_, key, ".")};
}

std::vector<Fields> Fields::sections(const std::string& key, std::size_t at_most_count) const {
  constexpr std::string_view kExpected = "a list of objects";
  const Json& values = list_up_to(key, at_most_count, kExpected);
  std::vector<Fields> found;
  for (std::size_t index = 0; index < values.size(); ++index) {
    if (!values[index].is_object()) {
      throw error(key, kExpected);
    }
    found.emplace_back(values[index], file_, kilomark::text(prefix_, key, "[", index, "]."));
  }
  return found;
}

Error Fields::error_saying(std::string_view key, std::string_view what,
                           std::string_view expected) const {
  return Error(ErrorCode::kBundle,
               kilomark::text(file_, ": ", prefix_, key, " ", what, "; expected ", expected));
}

const Json& Fields::get(const std::string& key, std::string_view expected) const {
  const auto found = object_->find(key);
  if (found == object_->end()) {
    throw error_saying(key, "is missing", expected);
  }
  return *found;
}

const Json& Fields::list(const std::string& key, std::string_view expected) const {
  const Json& value = get(key, expected);
  if (!value.is_array()) {
    throw error(key, expected);
  }
  return value;
}

const Json& Fields::list_of(const std::string& key, std::size_t count,
                            std::string_view expected) const {
  const Json& values = list(key, expected);
  if (values.size() != count) {
    throw error_saying(key, kilomark::text("holds ", values.size(), " values"), expected);
  }
  return values;
}

const Json& Fields::list_up_to(const std::string& key, std::size_t at_most_count,
                               std::string_view expected) const {
  const Json& values = list(key, expected);
  if (values.size() > at_most_count) {
    throw error_saying(key, kilomark::text("holds ", values.size(), " values"),
                       kilomark::text("at most ", at_most_count));
  }
  return values;
}

std::vector<int> Fields::to_integers(const std::string& key, const Json& values,
                                     const WholeRange& range, std::string_view expected) const {
  std::vector<int> numbers;
  for (const Json& value : values) {
    const std::optional<std::int64_t> number = to_integer(value, range);
    if (!number) {
      throw error_saying(key, kilomark::text("holds ", excerpt(value)), expected);
    }
    numbers.push_back(static_cast<int>(*number));
  }
  return numbers;
}

}  // namespace kilomark::bundle
