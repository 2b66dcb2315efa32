// Bringing a PostgreSQL store to the newest schema, or only looking how far it is.
// Thread rule: that of the session.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"
#include "soci/ground/migration.hpp"
#include "soci/ground/postgresql_session.hpp"
#include "soci/ground/sqlite_store.hpp"

namespace backupctl::soci {

// What tells one product's tables from another's.
struct PostgresqlProduct {
  std::string_view name;  // kept in the store: "controller"
  std::span<const EmbeddedFile> migrations;
};

// How many of the product's migrations the store has; 0: there is no store. Changes nothing. Errors:
//   store-newer          conflict  its schema is newer than this program
//   store-changed        corrupt   a migration that it was built by is not the one that this program knows
//   store-other-product  corrupt   the tables of another product of ours
//   store-foreign        corrupt   tables of our names that no migration of ours made
// and what postgresql_error.hpp lists.
Result<std::size_t> applied_migrations(PostgresqlSession& session, const PostgresqlProduct& product);

// Applies what is missing in one transaction, one process at a time, and analyzes. Errors: as above, and
//   store-missing        not_found  there is no store and create is never
//   store-no-permission  unavailable, the user may not change tables: another one has to run the migrations
Result<void> migrate(PostgresqlSession& session, const PostgresqlProduct& product, Create create, Timestamp now);

// The same as one script, for somebody who has the right, with any client: these migrations and what is kept of them.
std::string migration_script(const PostgresqlUrl& url, const PostgresqlProduct& product,
                             std::span<const Migration> migrations, Timestamp now);

}  // namespace backupctl::soci
