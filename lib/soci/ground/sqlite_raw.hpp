// SQLite's own API, for what SOCI does not offer. Apart from SOCI's header, which wraps <sqlite3.h> in a namespace so
// that a later include of it yields nothing: hence the untyped handle (a sqlite3*).
// Thread rule: that of the connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "backupctl/result.hpp"

namespace backupctl::soci::raw {

using Handle = void*;

// For the whole process: connections that are opened from now on take no lock around each call, nor is memory counted
// under one. False when it is too late, or not to be had.
bool leave_out_locks();
bool takes_locks(Handle handle);

// Extended result codes, busy time-out.
void configure(Handle handle, std::chrono::milliseconds busy_timeout);

// The log is written back once it has so many pages, by whoever commits then. A sync that fails in that is told as the
// failure of that commit: SQLite's own way keeps it silent. Only where writers pass a turnstile: docs/adr/0005.
void write_log_back_at(Handle handle, int log_pages);

// Whether closing the last connection writes the log into the database file; yes by default.
void checkpoint_on_close(Handle handle, bool yes);

// The extended result code: 0 when done.
int exec(Handle handle, const char* sql);
std::string message(Handle handle);

// The first column of the first row. Errors: see sqlite_error.hpp, and internal for no row.
Result<std::int64_t> integer(Handle handle, const char* sql);
Result<std::string> text(Handle handle, const char* sql);

// While a statement runs, `ask` is asked again and again; when it answers otherwise than 0 the statement is given up,
// with CodeClass::given_up.
void ask_while_running(Handle handle, int (*ask)(void* who), void* who);

bool in_transaction(Handle handle);

// Ends every statement that still stands on a row: it would keep its view of the store beyond the transaction.
void reset_statements(Handle handle);

// A database without tables in WAL mode that bears the application id, as the bytes of its file.
Result<std::string> empty_database(std::int32_t application_id);

enum class CodeClass {
  busy,
  given_up,
  full,
  io,
  read_only,
  cannot_open,
  corrupt,
  unique,
  constraint,
  no_memory,
  other,
};
CodeClass classify(int extended_code);

}  // namespace backupctl::soci::raw
