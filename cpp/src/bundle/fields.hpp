#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/json.hpp"
#include "kilomark/error.hpp"

namespace kilomark::bundle {

// An interval of whole numbers, both ends included.
struct WholeRange {
  std::int64_t at_least = 0;
  std::int64_t at_most = std::numeric_limits<std::int32_t>::max();
};

// An interval of numbers, (above, at_most].
struct NumberRange {
  double above = 0.0;
  double at_most = 0.0;
};

// A JSON object, the file that it comes from, and where in that file it stands. Borrows the object.
//
// Every reader throws Error{kBundle} "FILE: KEY is FOUND; expected EXPECTED" if the value is
// missing, of another type, or outside its range.
class Fields {
 public:
  Fields(const Json& object, std::string file, std::string prefix = "")
      : object_(&object), file_(std::move(file)), prefix_(std::move(prefix)) {}

  // The error for a field whose value is not right.
  [[nodiscard]] Error error(std::string_view key, std::string_view expected) const;

  // Whether the field is there and not null.
  [[nodiscard]] bool has(const std::string& key) const;

  [[nodiscard]] std::string text(const std::string& key, std::size_t longest = 4096) const;
  [[nodiscard]] std::string one_of(const std::string& key,
                                   std::initializer_list<std::string_view> choices) const;
  [[nodiscard]] std::vector<std::string> texts(const std::string& key) const;

  [[nodiscard]] std::int64_t integer(const std::string& key, const WholeRange& range) const;
  // As many as `count`.
  [[nodiscard]] std::vector<int> integers(const std::string& key, std::size_t count,
                                          const WholeRange& range) const;
  [[nodiscard]] std::vector<int> integers_up_to(const std::string& key, std::size_t at_most_count,
                                                const WholeRange& range) const;

  [[nodiscard]] double number(const std::string& key, const NumberRange& range) const;
  [[nodiscard]] std::vector<double> numbers(const std::string& key, std::size_t count,
                                            const NumberRange& range) const;
  // Rows of `columns` numbers each, from -at_most to at_most, side by side.
  [[nodiscard]] std::vector<double> table(const std::string& key, std::size_t rows,
                                          std::size_t columns, double at_most) const;

  [[nodiscard]] bool boolean(const std::string& key) const;
  [[nodiscard]] std::optional<bool> boolean_or_null(const std::string& key) const;

  [[nodiscard]] Fields section(const std::string& key) const;
  [[nodiscard]] std::vector<Fields> sections(const std::string& key,
                                             std::size_t at_most_count) const;

  [[nodiscard]] const Json& values() const { return *object_; }

 private:
  [[nodiscard]] Error error_saying(std::string_view key, std::string_view what,
                                   std::string_view expected) const;
  [[nodiscard]] const Json& get(const std::string& key, std::string_view expected) const;
  [[nodiscard]] const Json& list(const std::string& key, std::string_view expected) const;
  [[nodiscard]] const Json& list_of(const std::string& key, std::size_t count,
                                    std::string_view expected) const;
  [[nodiscard]] const Json& list_up_to(const std::string& key, std::size_t at_most_count,
                                       std::string_view expected) const;
  [[nodiscard]] std::vector<int> to_integers(const std::string& key, const Json& values,
                                             const WholeRange& range,
                                             std::string_view expected) const;

  const Json* object_;
  std::string file_;
  std::string prefix_;
};

}  // namespace kilomark::bundle
