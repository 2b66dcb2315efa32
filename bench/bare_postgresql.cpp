#include <libpq-fe.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "bare.hpp"

namespace backupctl::bench {
namespace {

// Each statement once for all its rows: the columns go as arrays.
class BarePostgresql final : public Engine {
 public:
  explicit BarePostgresql(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) fail();
    run("SET synchronous_commit = on; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;"
        "SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off");
  }
  ~BarePostgresql() override { PQfinish(connection_); }
  BarePostgresql(const BarePostgresql&) = delete;
  BarePostgresql& operator=(const BarePostgresql&) = delete;

  void commit(const std::vector<Part>& parts) override {
    run("BEGIN");
    for (const auto& [statement, rows] : parts) {
      if (!rows.empty()) write(statement, rows);
    }
    run("COMMIT");
  }

  std::int64_t count(const char* select) override {
    auto* result = PQexec(connection_, select);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) fail();
    const auto value = std::atoll(PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
  }

 private:
  [[noreturn]] void fail() const {
    std::fprintf(stderr, "PostgreSQL: %s\n", PQerrorMessage(connection_));
    std::exit(1);
  }
  void take(PGresult* result, std::size_t rows) {
    if (PQresultStatus(result) != PGRES_COMMAND_OK) fail();
    if (rows > 0 && std::strtoull(PQcmdTuples(result), nullptr, 10) != rows) {
      std::exit((std::fputs("a row was not written\n", stderr), 1));
    }
    PQclear(result);
  }
  void run(const char* sql) { take(PQexec(connection_, sql), 0); }

  static std::string text_of(const Statement& statement) {
    std::string names, renamed, changes, guards, arrays;
    for (std::size_t i = 0; i < statement.columns.size(); ++i) {
      const auto& column = statement.columns[i];
      const std::string name(column.name), comma(i == 0 ? "" : ", "), number = std::to_string(i + 1);
      const bool is_integer = column.type == Column::Type::integer, is_body = name == "body";
      names += comma + name;
      renamed += comma + "v" + number;
      arrays += comma + "$" + number + (is_integer ? "::bigint[]" : is_body ? "::bytea[]" : "::text[]");
      if (i + statement.guards < statement.columns.size()) {
        changes += comma + name + " = n.v" + number;
      } else {
        guards += (guards.empty() ? "" : " AND ") + ("r." + name) + (name == "state_code" ? " || ''" : "") + " = n.v" +
                  number;
      }
    }
    const std::string table(statement.table), rows = "unnest(" + arrays + ") AS n (" + renamed + ")";
    if (statement.write == Write::insert) return "INSERT INTO " + table + " (" + names + ") SELECT * FROM " + rows;
    if (statement.write == Write::remove) return "DELETE FROM " + table + " AS r USING " + rows + " WHERE " + guards;
    return "UPDATE " + table + " AS r SET " + changes + " FROM " + rows + " WHERE " + guards;
  }

  const std::string& prepare(const Statement& statement) {
    auto& name = prepared_[&statement];
    if (!name.empty()) return name;
    name = "s" + std::to_string(prepared_.size());
    take(PQprepare(connection_, name.c_str(), text_of(statement).c_str(), 0, nullptr), 0);
    return name;
  }

  void write(const Statement& statement, const std::vector<Row>& rows) {
    const auto& name = prepare(statement);
    arrays_.resize(statement.columns.size());
    std::vector<const char*> values;
    for (std::size_t i = 0; i < statement.columns.size(); ++i) {
      auto& array = arrays_[i];
      array = "{";
      for (const auto& row : rows) {
        if (array.size() > 1) array += ',';
        append(array, row[i]);
      }
      array += '}';
      values.push_back(array.c_str());
    }
    take(PQexecPrepared(connection_, name.c_str(), static_cast<int>(values.size()), values.data(), nullptr, nullptr, 0),
         rows.size());
  }

  static void append(std::string& array, const Cell& cell) {
    if (const auto* text = std::get_if<std::string>(&cell)) {
      array += '"';
      array += *text;  // nothing in our rows needs a backslash
      array += '"';
    } else if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
      array += std::to_string(*integer);
    } else {
      array += "NULL";
    }
  }

  PGconn* connection_;
  std::map<const Statement*, std::string> prepared_;
  std::vector<std::string> arrays_;
};

}  // namespace

std::unique_ptr<Engine> open_bare_postgresql(const std::string& url) { return std::make_unique<BarePostgresql>(url); }

}  // namespace backupctl::bench
