// What people do to a store apart from the programs that use it: look at it, migrate it, move it.
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"
#include "soci/ground/store_url.hpp"

namespace backupctl::soci {

using TableRows = std::vector<std::pair<std::string, std::int64_t>>;  // by name

struct StoreReport {
  std::string engine;  // "SQLite 3.40.1"
  std::size_t schema = 0, newest_schema = 0;
  TableRows rows;                     // empty when the schema is not the newest
  std::vector<std::string> problems;  // a sentence each; none: all is well
};

// Looks at the controller's store at this address and changes nothing. Errors: those of opening it.
Result<StoreReport> check_store(const StoreUrl& url);

// The statements that bring the store on PostgreSQL to the newest schema, for somebody else to run; empty: it is there.
// Errors: those of applied_migrations(), postgresql_migrate.hpp.
Result<std::string> missing_migrations(const PostgresqlUrl& url, Timestamp now);

// Makes the store if need be and brings it to the newest schema; which that is. Errors: those of opening it.
Result<std::size_t> migrate_store(const StoreUrl& url, Timestamp now);

// Copies everything, work in flight included, into a store on PostgreSQL that is made if need be and has to be empty.
// All or nothing: interrupted, it has copied nothing and can be run again. Nobody writes to the source meanwhile.
// Errors: those of opening both, conflict "store-in-use" (a controller runs on the source), conflict "store-not-empty".
Result<TableRows> copy_store(const SqliteUrl& from, const PostgresqlUrl& to, Timestamp now);

}  // namespace backupctl::soci
