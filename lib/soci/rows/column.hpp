// Between SQL columns and values: how a row's members are listed once and bound to statements, and how text and
// integers of the store become types. Thread rule: that of the statement.
#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"
#include "soci/ground/sqlite_error.hpp"

namespace backupctl::soci {

// A column that may be null.
template <class T>
struct Column {
  T value{};
  ::soci::indicator indicator = ::soci::i_null;

  void set(std::optional<T> content) {
    indicator = content ? ::soci::i_ok : ::soci::i_null;
    if (content) value = *std::move(content);
  }
  bool is_null() const { return indicator == ::soci::i_null; }
};

using TextColumn = Column<std::string>;
using IntegerColumn = Column<std::int64_t>;

inline std::int64_t to_integer(Timestamp time) { return time.time_since_epoch().count(); }
inline Timestamp to_time(std::int64_t microseconds) { return Timestamp{Duration{microseconds}}; }
inline std::optional<std::int64_t> to_integer(const std::optional<Timestamp>& time) {
  return time ? std::optional(to_integer(*time)) : std::nullopt;
}
inline std::optional<Timestamp> to_time(const IntegerColumn& column) {
  return column.is_null() ? std::nullopt : std::optional(to_time(column.value));
}

// What the store holds is not what we wrote: throws CorruptRow, naming the column.
template <class T>
T stored(Result<T> parsed, std::string_view column) {
  if (!parsed) throw CorruptRow(std::string(column) + ": " + parsed.error().detail);
  return *std::move(parsed);
}
template <class T>
T stored(std::optional<T> parsed, std::string_view column) {
  if (!parsed) throw CorruptRow(std::string(column) + ": not a code that we know");
  return *std::move(parsed);
}

// A row lists its members as f("column_name", member) calls. With the list are made: "a, b", ":a, :b" and
// "a = :a, b = :b"; and all members are bound, as results in the order of the list, as parameters by name.
template <class Each>
std::string listed(Each&& each, std::string_view pattern) {
  std::string text;
  each([&](std::string_view name, auto&) {
    if (!text.empty()) text += ", ";
    for (const char c : pattern) c == '@' ? text += name : text += c;
  });
  return text;
}

class ResultBinder {
 public:
  explicit ResultBinder(::soci::statement& statement) : statement_(statement) {}
  template <class T>
  void operator()(std::string_view, T& member) {
    statement_.exchange(::soci::into(member));
  }
  template <class T>
  void operator()(std::string_view, Column<T>& member) {
    statement_.exchange(::soci::into(member.value, member.indicator));
  }

 private:
  ::soci::statement& statement_;
};

class ParameterBinder {
 public:
  explicit ParameterBinder(::soci::statement& statement) : statement_(statement) {}
  template <class T>
  void operator()(std::string_view name, T& member) {
    statement_.exchange(::soci::use(member, std::string(name)));
  }
  template <class T>
  void operator()(std::string_view name, Column<T>& member) {
    statement_.exchange(::soci::use(member.value, member.indicator, std::string(name)));
  }

 private:
  ::soci::statement& statement_;
};

// Prepares `text` and binds what `bind(results, parameters)` names. The members must outlive the statement.
template <class Bind>
void prepare(::soci::statement& statement, const std::string& text, Bind&& bind) {
  statement.alloc();
  statement.prepare(text);
  bind(ResultBinder(statement), ParameterBinder(statement));
  statement.define_and_bind();
}

}  // namespace backupctl::soci
