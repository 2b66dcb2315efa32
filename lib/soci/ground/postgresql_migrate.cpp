#include "soci/ground/postgresql_migrate.hpp"

#include <string>
#include <vector>

namespace backupctl::soci {

namespace {

struct Applied {
  std::int64_t number = 0;
  std::string name, checksum, product;
};

Error refused(ErrorKind kind, std::string detail, std::string code) {
  return {kind, std::move(detail), false, std::move(code), {}};
}

bool has_table(::soci::session& sql, const std::string& name) {
  int found = 0;
  sql << "SELECT CASE WHEN to_regclass(:name) IS NULL THEN 0 ELSE 1 END", ::soci::use(name), ::soci::into(found);
  return found != 0;
}

Result<std::size_t> count_applied(PostgresqlSession& session, const PostgresqlProduct& product,
                                  std::span<const Migration> migrations) {
  auto& sql = session.sql();
  const auto& where = session.url().shown;
  if (!has_table(sql, "schema_migration")) {
    if (!has_table(sql, "backup_request") && !has_table(sql, "zone_result")) return std::size_t{0};
    return refused(ErrorKind::corrupt, where + " has tables of our names that this program did not make",
                   "store-foreign");
  }
  std::int64_t columns = 0;
  sql << "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('schema_migration')"
         " AND attname IN ('number', 'name', 'checksum', 'product', 'applied_time')",
      ::soci::into(columns);
  if (columns != 5) {
    return refused(ErrorKind::corrupt, where + " has a table schema_migration of another program", "store-foreign");
  }
  std::vector<Applied> rows;
  {
    Applied row;
    ::soci::statement select =
        (sql.prepare << "SELECT number, name, checksum, product FROM schema_migration"
                        " ORDER BY number",
         ::soci::into(row.number), ::soci::into(row.name), ::soci::into(row.checksum), ::soci::into(row.product));
    for (bool more = select.execute(true); more; more = select.fetch()) rows.push_back(row);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    if (row.product != product.name) {
      return refused(ErrorKind::corrupt,
                     where + " is the store of a " + row.product + ", not of a " + std::string(product.name),
                     "store-other-product");
    }
    if (rows.back().number > static_cast<std::int64_t>(migrations.size())) {
      return refused(ErrorKind::conflict,
                     "the schema of " + where + " is number " + std::to_string(rows.back().number) +
                         ", this program knows " + std::to_string(migrations.size()) +
                         ": it was used by a newer version",
                     "store-newer");
    }
    const auto& ours = migrations[i];
    if (row.number != ours.number || row.name != ours.name || row.checksum != ours.checksum) {
      return refused(ErrorKind::corrupt,
                     "the schema of " + where + " is not ours: migration " + std::to_string(row.number) + " was " +
                         row.name + " with checksum " + row.checksum + ", this program has " + std::string(ours.name) +
                         " with " + std::string(ours.checksum),
                     "store-changed");
    }
  }
  return rows.size();
}

// One process at a time, and as long as it takes.
constexpr const char* lock_migrations =
    "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(7089336937131513937);";

Result<void> prepare_store(PostgresqlSession& session) {
  if (auto may_wait = session.take_time(); !may_wait) return may_wait;
  if (auto locked = session.run(lock_migrations); !locked) return locked;
  if (const auto& schema = session.url().schema; !schema.empty()) {
    int there = 0;
    session.sql() << "SELECT count(*) FROM pg_namespace WHERE nspname = :schema", ::soci::use(schema),
        ::soci::into(there);
    if (there == 0) return session.run("CREATE SCHEMA " + schema);
  }
  return {};
}

// Whole, with what is kept of it. All texts are our own: names and hex, no quotes in them.
std::string statements_of(const PostgresqlProduct& product, const Migration& migration, Timestamp now) {
  std::string text;
  if (migration.number == 1) {
    text +=
        "CREATE TABLE schema_migration (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
        " checksum TEXT NOT NULL, product TEXT NOT NULL, applied_time BIGINT NOT NULL);\n";
  }
  text.append(migration.sql).append("\n");
  text += "INSERT INTO schema_migration (number, name, checksum, product, applied_time) VALUES (" +
          std::to_string(migration.number) + ", '" + std::string(migration.name) + "', '" +
          std::string(migration.checksum) + "', '" + std::string(product.name) + "', " +
          std::to_string(now.time_since_epoch().count()) + ");\n";
  return text;
}

}  // namespace

Result<std::size_t> applied_migrations(PostgresqlSession& session, const PostgresqlProduct& product) {
  const auto migrations = migrations_of(product.migrations);
  if (!migrations) return migrations.error();
  return session.view([&]() -> Result<std::size_t> { return count_applied(session, product, *migrations); });
}

Result<void> migrate(PostgresqlSession& session, const PostgresqlProduct& product, Create create, Timestamp now) {
  const auto migrations = migrations_of(product.migrations);
  if (!migrations) return migrations.error();
  const auto before = applied_migrations(session, product);
  if (!before && before.error().code == "store-unreachable") {
    if (auto refused = session.refusal()) return *std::move(refused);
  }
  if (!before) return before.error();
  if (*before == migrations->size()) return {};
  if (*before == 0 && create == Create::never) {
    return refused(ErrorKind::not_found, "there is no store in " + session.url().shown, "store-missing");
  }
  auto migrated = session.write([&]() -> Result<void> {
    if (auto ready = prepare_store(session); !ready) return ready;
    const auto done = count_applied(session, product, *migrations);  // another process may have been faster
    if (!done) return done.error();
    for (std::size_t i = *done; i < migrations->size(); ++i) {
      if (auto ran = session.run(statements_of(product, (*migrations)[i], now)); !ran) return ran;
    }
    return {};
  });
  if (!migrated) {
    if (migrated.error().code == "store-no-permission") {
      migrated.error().detail += "; a user who may change tables has to run: backupctl store migrate URL";
    }
    return migrated;
  }
  // Without figures a new table's plans are guesses.
  return session.run(
      "DO $$ DECLARE name text; BEGIN FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
      " AND tableowner = current_user LOOP EXECUTE format('ANALYZE %I', name); END LOOP; END $$");
}

std::string migration_script(const PostgresqlUrl& url, const PostgresqlProduct& product,
                             std::span<const Migration> migrations, Timestamp now) {
  std::string script = std::string("BEGIN;\n") + lock_migrations + "\n";
  if (!url.schema.empty()) {
    script += "CREATE SCHEMA IF NOT EXISTS " + url.schema + ";\nSET LOCAL search_path = " + url.schema + ";\n";
  }
  for (const auto& migration : migrations) script += statements_of(product, migration, now);
  return script + "COMMIT;\nANALYZE;\n";
}

}  // namespace backupctl::soci
