// A SELECT whose conditions depend on what the caller asks for; for one use.
// Thread rule: that of the session.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "soci/ground/postgresql_session.hpp"
#include "soci/rows/column.hpp"

namespace backupctl::soci::postgresql {

class Select {
 public:
  explicit Select(std::string text) : text_(std::move(text) + " WHERE true") {}

  // `condition` ends where the value belongs: "zone =".
  template <class T>
  void where(std::string_view condition, T value, std::string_view rest = {}) {
    parameters_.emplace_back("p" + std::to_string(parameters_.size()), std::move(value));
    text_.append(" AND ").append(condition).append(" :").append(parameters_.back().name).append(rest);
  }
  void then(std::string_view text) { text_.append(" ").append(text); }
  void limit(std::int64_t rows) {
    parameters_.emplace_back("p" + std::to_string(parameters_.size()), rows);
    text_.append(" LIMIT :").append(parameters_.back().name);
  }

  // each(f) lists the members that the columns go to; take() is called for each row.
  template <class Each, class Take>
  void run(PostgresqlSession& session, Each&& each, Take&& take) {
    ::soci::statement select(session.sql());
    select.alloc();
    select.prepare(text_, ::soci::details::st_one_time_query);  // one round trip, where preparing would be three
    each(ResultBinder(select));
    ParameterBinder bind(select);
    for (auto& parameter : parameters_) {
      std::visit([&](auto& value) { bind(parameter.name, value); }, parameter.value);
    }
    select.define_and_bind();
    for (bool more = select.execute(true); more; more = select.fetch()) take();
  }

 private:
  struct Parameter {
    Parameter(std::string n, std::variant<std::string, std::int64_t> v) : name(std::move(n)), value(std::move(v)) {}
    std::string name;
    std::variant<std::string, std::int64_t> value;
  };
  std::string text_;
  std::deque<Parameter> parameters_;  // bound by address: a deque does not move them
};

}  // namespace backupctl::soci::postgresql
