// PostgreSQL's failures as values. Nothing that SOCI throws leaves lib/soci.
// Thread rule: functions from any thread.
#pragma once

#include <optional>
#include <string_view>

#include "backupctl/result.hpp"

namespace backupctl::soci {

// By SQLSTATE:
//   08xxx, 57P0x, 25P03          unavailable, retryable, "store-unreachable"  (the connection is lost)
//   40001, 40P01, 55P03          unavailable, retryable, "store-contended"    (rolled back for another transaction)
//   57014, 53xxx                 unavailable, retryable, "store-busy"         (statement time-out, too many
//   connections) 53100 · 53200                unavailable, retryable, "store-full" · "store-no-memory" 25006
//   unavailable, retryable, "store-read-only"    (also after a failover) 58xxx                        unavailable,
//   retryable, "store-io-error" 42501                        unavailable, "store-no-permission" 42P01, 3F000
//   unavailable, "store-vanished"                (tables or schema are gone) XX001, XX002                 corrupt,
//   "store-corrupt" 23505                        conflict, "store-unique" 23xxx                        internal,
//   "store-constraint"                 (our guards should have seen it: a bug) anything else                internal,
//   "store-sql"
// `doing` says what was tried ("recording a result"); `message` is the server's own.
Error postgresql_error(std::string_view sqlstate, std::string_view doing, std::string_view message);

// Whether no more can be said on the connection that answered so.
bool ends_connection(std::string_view sqlstate);

// For a connection that is lost or could not be made.
Error postgresql_unreachable(std::string_view doing, std::string_view message);

// When the server refused the connection for good; `message` is libpq's with the SQLSTATE alone. Nothing: it may pass.
//   28xxx, 42501   unavailable, "store-no-permission"  (the user, the password, pg_hba.conf)
//   3D000          not_found, "store-missing"          (no such database)
std::optional<Error> postgresql_refusal(std::string_view doing, std::string_view message);

// Lost while committing: it may have been written or not. unknown_outcome, "store-commit-lost". Unlike after a disk's
// failure the process goes on: the guards of the port make it safe to repeat the Command on a new connection.
Error postgresql_commit_lost(std::string_view message);

}  // namespace backupctl::soci
