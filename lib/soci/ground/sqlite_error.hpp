// SQLite's failures as values. Nothing that SOCI or SQLite throws leaves lib/soci.
// Thread rule: functions from any thread.
#pragma once

#include <stdexcept>
#include <string_view>

#include "backupctl/result.hpp"

namespace backupctl::soci {

// By SQLite's extended result code:
//   busy, locked              unavailable, retryable, "store-busy"
//   interrupted (too slow)    unavailable, retryable, "store-slow"
//   disk full                 unavailable, retryable, "store-full"
//   I/O error                 unavailable, retryable, "store-io-error"
//   read-only, no permission  unavailable, "store-read-only"
//   cannot open               unavailable, "store-unreachable"
//   corrupt, not a database   corrupt, "store-corrupt"
//   unique, primary key       conflict, "store-unique"
//   other constraints         internal, "store-constraint"   (our guards should have seen it: a bug)
//   anything else             internal, "store-sql"
// `doing` says what was tried ("recording a result"); `message` is SQLite's own.
Error sqlite_error(int extended_code, std::string_view doing, std::string_view message);

// The same for COMMIT: after an I/O error it is not known whether the transaction is in the log. unknown_outcome,
// "store-commit-unknown". Never try again on this store: end the process and let the next one read the log.
Error sqlite_commit_error(int extended_code, std::string_view message);

// A row that cannot be what we wrote. Thrown by row mappers; leaves lib/soci as corrupt, "store-corrupt".
class CorruptRow : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// To be called in a catch block: what is being thrown, as an Error (SOCI's by the table above, CorruptRow; others
// internal).
Error from_current_exception(std::string_view doing);

}  // namespace backupctl::soci
