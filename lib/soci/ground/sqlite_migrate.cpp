#include "soci/ground/sqlite_migrate.hpp"

#include <string>
#include <vector>

namespace backupctl::soci {

namespace {

struct Applied {
  std::int64_t number;
  std::string name;
  std::string checksum;
};

bool has_table(::soci::session& sql) {
  int count = 0;
  sql << "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration'", ::soci::into(count);
  return count != 0;
}

std::vector<Applied> applied(::soci::session& sql) {
  std::vector<Applied> rows;
  if (!has_table(sql)) return rows;
  Applied row{};
  ::soci::statement select = (sql.prepare << "SELECT number, name, checksum FROM schema_migration ORDER BY number",
                              ::soci::into(row.number), ::soci::into(row.name), ::soci::into(row.checksum));
  for (bool more = select.execute(true); more; more = select.fetch()) rows.push_back(row);
  return rows;
}

Error changed(const std::filesystem::path& path, std::string detail) {
  return {ErrorKind::corrupt,
          "the schema of " + path.string() + " is not ours: " + std::move(detail),
          false,
          "store-changed",
          {}};
}

// How many of the migrations the store has; an Error when it has others.
Result<std::size_t> progress(const std::vector<Applied>& rows, std::span<const Migration> migrations,
                             const std::filesystem::path& path) {
  if (!rows.empty() && rows.back().number > static_cast<std::int64_t>(migrations.size())) {
    return newer_schema(path, rows.back().number, static_cast<std::int64_t>(migrations.size()));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& ours = migrations[i];
    if (rows[i].number != ours.number) return changed(path, "migration " + std::to_string(ours.number) + " is missing");
    if (rows[i].name != ours.name || rows[i].checksum != ours.checksum) {
      return changed(path, "migration " + std::to_string(ours.number) + " was " + rows[i].name + " with checksum " +
                               rows[i].checksum + ", this program has " + std::string(ours.name) + " with " +
                               std::string(ours.checksum));
    }
  }
  return rows.size();
}

void record(::soci::session& sql, const Migration& migration, Timestamp now) {
  const std::int64_t number = migration.number;
  const std::string name(migration.name);
  const std::string checksum(migration.checksum);
  const std::int64_t time = now.time_since_epoch().count();
  sql << "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
         " checksum TEXT NOT NULL, applied_time BIGINT NOT NULL)";
  sql << "INSERT INTO schema_migration (number, name, checksum, applied_time) VALUES (:number, :name, :checksum, "
         ":time)",
      ::soci::use(number), ::soci::use(name), ::soci::use(checksum), ::soci::use(time);
  // In the header, where a program can read it without opening the store.
  sql << "PRAGMA user_version=" << number;
}

}  // namespace

Error newer_schema(const std::filesystem::path& path, std::int64_t theirs, std::int64_t ours) {
  return {ErrorKind::conflict,
          "the schema of " + path.string() + " is number " + std::to_string(theirs) + ", this program knows " +
              std::to_string(ours) + ": it was used by a newer version",
          false,
          "store-newer",
          {}};
}

Result<std::size_t> applied_migrations(SqliteSession& session, const std::filesystem::path& path,
                                       std::span<const Migration> migrations) {
  return session.read([&] { return progress(applied(session.sql()), migrations, path); });
}

Result<void> migrate(SqliteSession& session, const std::filesystem::path& path, std::span<const Migration> migrations,
                     Timestamp now) {
  const auto count_done = [&] { return progress(applied(session.sql()), migrations, path); };
  const auto done = applied_migrations(session, path, migrations);
  if (!done) return done.error();
  if (*done == migrations.size()) return {};

  for (;;) {
    // Another process may be migrating too: what is next is decided inside the transaction.
    auto step = session.write([&]() -> Result<std::size_t> {
      auto next = count_done();
      if (!next || *next == migrations.size()) return next;
      if (auto ran = session.run(migrations[*next].sql); !ran) return std::move(ran).error();
      record(session.sql(), migrations[*next], now);
      return *next + 1;
    });
    if (!step) return std::move(step).error();
    if (*step == migrations.size()) break;
  }
  return session.write([&] { return session.run("ANALYZE"); });
}

}  // namespace backupctl::soci
