#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "backupctl/soci/store.hpp"
#include "bare.hpp"

namespace backupctl::bench {
namespace {

class BareSqlite final : public Engine {
 public:
  explicit BareSqlite(const std::string& path) {
    check(sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READWRITE, nullptr));
    for (const char* pragma : {"PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON"}) run(pragma);
    check(sqlite3_wal_autocheckpoint(database_, soci::OpenOptions{}.sqlite_log_pages));  // as the controller does
  }
  ~BareSqlite() override {
    for (const auto& [key, statement] : prepared_) sqlite3_finalize(statement);
    sqlite3_close(database_);
  }
  BareSqlite(const BareSqlite&) = delete;
  BareSqlite& operator=(const BareSqlite&) = delete;

  void commit(const std::vector<Part>& parts) override {
    run("BEGIN IMMEDIATE");
    for (const auto& [statement, rows] : parts) {
      auto* prepared = prepare(statement);
      for (const auto& row : rows) write(prepared, row);
    }
    run("COMMIT");
  }

  std::int64_t count(const char* select) override {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v2(database_, select, -1, &statement, nullptr));
    if (sqlite3_step(statement) != SQLITE_ROW) check(sqlite3_errcode(database_));
    const auto value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
  }

 private:
  void check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_DONE) return;
    std::fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(database_));
    std::exit(1);
  }
  void run(const char* sql) { check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }

  static std::string text_of(const Statement& statement) {
    std::string names, values, guards;
    for (std::size_t i = 0; i < statement.columns.size(); ++i) {
      const std::string name(statement.columns[i].name);
      if (i + statement.guards >= statement.columns.size()) {
        // The plus keeps SQLite from looking rows up by their state.
        guards += (guards.empty() ? "" : " AND ") + std::string(name == "state_code" ? "+" : "") + name + " = ?";
      } else if (statement.write == Write::change) {
        names += (names.empty() ? "" : ", ") + name + " = ?";
      } else {
        names += (names.empty() ? "" : ", ") + name;
        values += values.empty() ? "?" : ", ?";
      }
    }
    const std::string table(statement.table);
    if (statement.write == Write::insert) return "INSERT INTO " + table + " (" + names + ") VALUES (" + values + ")";
    if (statement.write == Write::remove) return "DELETE FROM " + table + " WHERE " + guards;
    return "UPDATE " + table + " SET " + names + " WHERE " + guards;
  }

  sqlite3_stmt* prepare(const Statement& statement) {
    auto& prepared = prepared_[&statement];
    if (!prepared) check(sqlite3_prepare_v2(database_, text_of(statement).c_str(), -1, &prepared, nullptr));
    return prepared;
  }

  void write(sqlite3_stmt* statement, const Row& row) {
    int at = 0;
    for (const auto& cell : row) {
      ++at;
      if (const auto* text = std::get_if<std::string>(&cell)) {
        sqlite3_bind_text(statement, at, text->data(), static_cast<int>(text->size()), SQLITE_STATIC);
      } else if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
        sqlite3_bind_int64(statement, at, *integer);
      } else {
        sqlite3_bind_null(statement, at);
      }
    }
    check(sqlite3_step(statement));
    if (sqlite3_changes(database_) != 1) std::exit((std::fputs("a row was not written\n", stderr), 1));
    check(sqlite3_reset(statement));
  }

  sqlite3* database_ = nullptr;
  std::map<const Statement*, sqlite3_stmt*> prepared_;
};

}  // namespace

std::unique_ptr<Engine> open_bare_sqlite(const std::string& path) { return std::make_unique<BareSqlite>(path); }

}  // namespace backupctl::bench
