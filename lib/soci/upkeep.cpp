#include "soci/upkeep.hpp"

#include <algorithm>
#include <deque>
#include <variant>

#include "embedded/controller_migrations.hpp"
#include "soci/ground/instance_lock.hpp"
#include "soci/ground/postgresql_migrate.hpp"
#include "soci/ground/sqlite_file.hpp"
#include "soci/ground/sqlite_store.hpp"
#include "soci/postgresql/repository.hpp"
#include "soci/postgresql/row_set.hpp"
#include "soci/rows/column.hpp"
#include "soci/sqlite/repository.hpp"

namespace backupctl::soci {

namespace {

SqliteProduct controller_on_sqlite() {
  return {"controller", controller_application_id, embedded::controller_migrations()};
}

// The first column of each row.
std::vector<std::string> texts(::soci::session& sql, const std::string& query) {
  std::vector<std::string> all;
  std::string text;
  ::soci::statement select = (sql.prepare << query, ::soci::into(text));
  for (bool more = select.execute(true); more; more = select.fetch()) all.push_back(text);
  return all;
}

std::int64_t number(::soci::session& sql, const std::string& query) {
  std::int64_t value = 0;
  sql << query, ::soci::into(value);
  return value;
}

void look_at_rows(::soci::session& sql, const std::vector<std::string>& tables, StoreReport& report) {
  for (const auto& table : tables) report.rows.emplace_back(table, number(sql, "SELECT count(*) FROM " + table));
  if (const auto stuck = number(sql, "SELECT count(*) FROM row_without_next_step"); stuck != 0) {
    report.problems.push_back(std::to_string(stuck) + " requests have no next step (view row_without_next_step)");
  }
}

Result<StoreReport> check(const SqliteUrl& url) {
  const auto header = read_sqlite_header(url.path);
  if (!header) return header.error();
  StoreReport report;
  report.engine = "SQLite";
  report.newest_schema = controller_on_sqlite().migrations.size();
  report.schema = header->schema;
  if (header->is_sqlite && header->application_id == static_cast<std::uint32_t>(controller_application_id) &&
      report.schema < report.newest_schema) {
    report.problems.push_back("it is migrated when a controller starts on it next, or by: backupctl store migrate");
    return report;
  }
  auto store = SqliteStore::open(url.path, controller_on_sqlite(), {.create = Create::never}, Timestamp{});
  if (!store) return std::move(store).error();
  auto session = (*store)->connect(Access::read);
  if (!session) return std::move(session).error();
  return (*session)->read([&]() -> Result<StoreReport> {
    auto& sql = (*session)->sql();
    report.schema = report.newest_schema;
    report.engine += " " + texts(sql, "SELECT sqlite_version()").at(0);
    look_at_rows(sql,
                 texts(sql,
                       "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                       " ORDER BY name"),
                 report);
    for (const auto& line : texts(sql, "PRAGMA integrity_check(10)")) {
      if (line != "ok") report.problems.push_back(line);
    }
    return report;
  });
}

constexpr const char* own_tables =
    "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1";

Result<StoreReport> check(const PostgresqlUrl& url) {
  PostgresqlSession session(url);
  const auto product = controller_on_postgresql();
  StoreReport report;
  report.engine = "PostgreSQL";
  report.newest_schema = product.migrations.size();
  const auto applied = applied_migrations(session, product);
  if (!applied) return applied.error();
  report.schema = *applied;
  return session.view([&]() -> Result<StoreReport> {
    auto& sql = session.sql();
    report.engine += " " + texts(sql, "SHOW server_version").at(0);
    if (texts(sql, "SHOW fsync").at(0) != "on") {
      report.problems.emplace_back("fsync is off: a crash of the server's machine loses what was acknowledged");
    }
    if (texts(sql, "SHOW full_page_writes").at(0) != "on") {
      report.problems.emplace_back("full_page_writes is off: a crash of the server's machine can damage the store");
    }
    if (report.schema < report.newest_schema) {
      report.problems.push_back(report.schema == 0 ? "there is no store yet" : "its schema is not the newest");
      report.problems.back() += "; next: backupctl store migrate";
      return report;
    }
    look_at_rows(sql, texts(sql, own_tables), report);
    return report;
  });
}

// ---- Copying -------------------------------------------------------------------------------------------------------

constexpr std::size_t rows_at_once = 1000;

struct CopiedColumn {
  std::string name, type;
  TextColumn value;  // of the source's row
  ArrayText values;  // of the target's rows
};

// One table from the source's session into the target's.
class TableCopy {
 public:
  TableCopy(::soci::session& from, ::soci::session& to, std::string table)
      : table_(std::move(table)), select_(from), insert_(to) {
    std::string name, type;
    ::soci::statement columns =
        (to.prepare << "SELECT CAST(attname AS text), format_type(atttypid, NULL) FROM pg_attribute"
                       " WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
         ::soci::use(table_, "name"), ::soci::into(name), ::soci::into(type));
    for (bool more = columns.execute(true); more; more = columns.fetch()) columns_.push_back({name, type, {}, {}});

    std::string names, values, arrays;
    for (const auto& column : columns_) {
      const bool is_bytes = column.type == "bytea";
      const auto* comma = names.empty() ? "" : ", ";
      names += comma + column.name;
      values += comma + (is_bytes ? "decode(n." + column.name + ", 'hex')" : "n." + column.name);
      arrays += comma + ("CAST(:" + column.name) + " AS " + (is_bytes ? "text" : column.type) + "[])";
    }
    prepare(select_, "SELECT " + names + " FROM " + table_, [&](auto results, auto) {
      for (auto& column : columns_) results("", column.value);
    });
    prepare(insert_,
            "INSERT INTO " + table_ + " (" + names + ") SELECT " + values + " FROM unnest(" + arrays + ") AS n (" +
                names + ")",
            [&](auto, auto parameters) {
              for (auto& column : columns_) parameters(column.name, column.values.text());
            });
  }

  std::int64_t run() {
    std::int64_t rows = 0;
    std::size_t waiting = 0;
    clear();
    for (bool more = select_.execute(true); more; more = select_.fetch()) {
      for (auto& [name, type, value, values] : columns_) {
        if (type == "bytea" && !value.is_null()) value.value = to_hex(value.value);
        // Numbers too: between quotes they are read as what the column is.
        values.append(value);
      }
      ++rows;
      if (++waiting == rows_at_once) write(waiting);
    }
    if (waiting > 0) write(waiting);
    return rows;
  }

 private:
  void clear() {
    for (auto& column : columns_) column.values.clear();
  }
  void write(std::size_t& waiting) {
    for (auto& column : columns_) column.values.close();
    insert_.execute(true);
    clear();
    waiting = 0;
  }

  std::string table_;
  std::deque<CopiedColumn> columns_;  // bound by address
  ::soci::statement select_, insert_;
};

// Each table after those that it refers to.
std::vector<std::string> in_order(::soci::session& sql, std::vector<std::string> tables) {
  std::vector<std::pair<std::string, std::string>> references;
  std::pair<std::string, std::string> one;
  ::soci::statement select =
      (sql.prepare << "SELECT CAST(a.relname AS text), CAST(b.relname AS text) FROM pg_constraint AS c"
                      " JOIN pg_class AS a ON a.oid = c.conrelid JOIN pg_class AS b ON b.oid = c.confrelid"
                      " WHERE c.contype = 'f' AND a.relnamespace = to_regnamespace(CAST(current_schema() AS text))",
       ::soci::into(one.first), ::soci::into(one.second));
  for (bool more = select.execute(true); more; more = select.fetch()) references.push_back(one);
  std::vector<std::string> ordered;
  while (!tables.empty()) {
    const auto ready = std::ranges::find_if(tables, [&](const auto& table) {
      return std::ranges::none_of(references, [&](const auto& reference) {
        return reference.first == table && reference.second != table &&
               std::ranges::find(tables, reference.second) != tables.end();
      });
    });
    const auto next = ready == tables.end() ? tables.begin() : ready;
    ordered.push_back(*next);
    tables.erase(next);
  }
  return ordered;
}

// Numbers that the target gives by itself go on after those that were copied.
void advance_sequences(::soci::session& sql, const std::string& table) {
  for (const auto& column : texts(sql, "SELECT CAST(attname AS text) FROM pg_attribute WHERE attrelid = to_regclass('" +
                                           table + "') AND attidentity <> ''")) {
    number(sql, "SELECT setval(pg_get_serial_sequence('" + table + "', '" + column + "'), coalesce((SELECT max(" +
                    column + ") FROM " + table + "), 0) + 1, false)");
  }
}

Result<void> nobody_works_on(SqliteStore& store, ::soci::session& sql) {
  for (const auto& id : texts(sql, "SELECT instance_id FROM controller_instance")) {
    const auto alive = is_alive(store.path(), stored(InstanceId::parse(id), "instance_id"));
    if (!alive) return alive.error();
    if (*alive) {
      return Error{ErrorKind::conflict,
                   "the controller " + id + " works on " + store.path().string() + ": stop it first",
                   false,
                   "store-in-use",
                   {}};
    }
  }
  return {};
}

Result<TableRows> copy_all(::soci::session& from, PostgresqlSession& to) {
  auto& sql = to.sql();
  const auto there = texts(sql, own_tables);
  std::vector<std::string> tables;
  for (const auto& table : texts(from,
                                 "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                                 " AND name NOT IN ('schema_migration', 'controller_instance')")) {
    if (std::ranges::find(there, table) == there.end()) {
      return Error{ErrorKind::internal, "the target has no table " + table};
    }
    tables.push_back(table);
  }
  tables = in_order(sql, std::move(tables));
  for (const auto& table : tables) {
    if (number(sql, "SELECT count(*) FROM (SELECT 1 FROM " + table + " LIMIT 1) AS any_row") == 0) continue;
    return Error{ErrorKind::conflict,
                 to.url().shown + " is in use already (table " + table + " has rows): copy into an empty store",
                 false,
                 "store-not-empty",
                 {}};
  }
  TableRows copied;
  for (const auto& table : tables) {
    copied.emplace_back(table, TableCopy(from, sql, table).run());
    advance_sequences(sql, table);
  }
  return copied;
}

}  // namespace

Result<StoreReport> check_store(const StoreUrl& url) {
  return std::visit([](const auto& one) { return check(one); }, url);
}

Result<std::string> missing_migrations(const PostgresqlUrl& url, Timestamp now) {
  const auto product = controller_on_postgresql();
  const auto migrations = migrations_of(product.migrations);
  if (!migrations) return migrations.error();
  PostgresqlSession session(url);
  const auto applied = applied_migrations(session, product);
  if (!applied) return applied.error();
  if (*applied == migrations->size()) return std::string();
  return migration_script(url, product, std::span(*migrations).subspan(*applied), now);
}

Result<std::size_t> migrate_store(const StoreUrl& url, Timestamp now) {
  if (const auto* sqlite = std::get_if<SqliteUrl>(&url)) {
    auto store = SqliteStore::open(sqlite->path, controller_on_sqlite(), {}, now);
    if (!store) return std::move(store).error();
    return controller_on_sqlite().migrations.size();
  }
  PostgresqlSession session(std::get<PostgresqlUrl>(url));
  const auto product = controller_on_postgresql();
  if (auto migrated = migrate(session, product, Create::automatic, now); !migrated) return std::move(migrated).error();
  return product.migrations.size();
}

Result<TableRows> copy_store(const SqliteUrl& from, const PostgresqlUrl& to, Timestamp now) {
  auto store = SqliteStore::open(from.path, controller_on_sqlite(), {.create = Create::never}, now);
  if (!store) return std::move(store).error();
  auto source = (*store)->connect(Access::write);
  if (!source) return std::move(source).error();
  if (auto migrated = migrate_store(to, now); !migrated) return std::move(migrated).error();
  PostgresqlSession target(to);
  // A write that writes nothing: it keeps the others out.
  return (*source)->write([&]() -> Result<TableRows> {
    auto& sql = (*source)->sql();
    if (auto idle = nobody_works_on(**store, sql); !idle) return std::move(idle).error();
    return target.write([&]() -> Result<TableRows> {
      if (auto may_wait = target.take_time(); !may_wait) return std::move(may_wait).error();
      auto locked = target.run("LOCK TABLE backup_request IN EXCLUSIVE MODE");
      if (!locked) return std::move(locked).error();
      return copy_all(sql, target);
    });
  });
}

}  // namespace backupctl::soci
