// Several rows as the parameters of one statement: each column goes as one array, unnest() makes rows of them again.
// Thread rule: that of the statement they are bound to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "soci/rows/column.hpp"

namespace backupctl::soci {

// PostgreSQL refuses text that is not UTF-8, and a NUL would end it: such bytes become '?'. Better an odd sign in a
// message than a request that can never be written.
std::string fit_text(const std::string& text);

// The text of a PostgreSQL array.
class ArrayText {
 public:
  void clear() { text_ = "{"; }
  void append(const std::string& value);  // as fit_text() makes it
  void append(std::int64_t value);
  template <class T>
  void append(const Column<T>& column) {
    column.is_null() ? append_null() : append(column.value);
  }
  void append_null();
  // To be called after the last value and before the statement runs.
  void close() { text_ += "}"; }

  std::string& text() { return text_; }

 private:
  void separate() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_ = "{";
};

// Bytes of any kind travel as text: decode(…, 'hex') on the way in, encode(…, 'hex') on the way out.
std::string to_hex(std::string_view bytes);
std::string from_hex(std::string_view text);  // throws CorruptRow

// Columns as `each(f)` lists them, see column.hpp.
class RowSet {
 public:
  template <class Each>
  explicit RowSet(Each&& each) {
    each([this](std::string_view name, auto& member) { columns_.push_back({std::string(name), type_of(member), {}}); });
  }

  // "unnest(…) AS n (a, b, …)", for a FROM. The parameters are named after the columns.
  std::string rows() const;
  template <class Bind>
  void bind(Bind& parameters) {
    for (auto& column : columns_) parameters(column.name, column.values.text());
  }

  void clear() {
    for (auto& column : columns_) column.values.clear();
  }
  template <class Each>
  void add(Each&& each) {
    std::size_t at = 0;
    each([&](std::string_view, auto& member) { columns_[at++].values.append(member); });
  }
  void close() {
    for (auto& column : columns_) column.values.close();
  }

 private:
  static const char* type_of(const std::string&) { return "text"; }
  static const char* type_of(const TextColumn&) { return "text"; }
  static const char* type_of(const std::int64_t&) { return "bigint"; }
  static const char* type_of(const IntegerColumn&) { return "bigint"; }

  struct OneColumn {
    std::string name;
    const char* type;
    ArrayText values;
  };
  std::vector<OneColumn> columns_;  // complete before it is bound by address
};

}  // namespace backupctl::soci
