#include "soci/ground/sqlite_raw.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <memory>

#include "soci/ground/sqlite_error.hpp"

namespace backupctl::soci::raw {

namespace {

sqlite3* connection(Handle handle) { return static_cast<sqlite3*>(handle); }

using Connection = std::unique_ptr<sqlite3, decltype([](sqlite3* c) { sqlite3_close(c); })>;
using Statement = std::unique_ptr<sqlite3_stmt, decltype([](sqlite3_stmt* s) { sqlite3_finalize(s); })>;

Error last_error(sqlite3* c, std::string_view doing) {
  return sqlite_error(sqlite3_extended_errcode(c), doing, sqlite3_errmsg(c));
}

template <class Read>
auto first_row(Handle handle, const char* sql, Read read) -> Result<decltype(read(nullptr))> {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(connection(handle), sql, -1, &prepared, nullptr) != SQLITE_OK) {
    return last_error(connection(handle), sql);
  }
  const Statement statement{prepared};
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW) return read(statement.get());
  if (code == SQLITE_DONE) return Error{ErrorKind::internal, std::string("no row: ") + sql};
  return last_error(connection(handle), sql);
}

int write_log_back(void* most_log_pages, sqlite3* c, const char* schema, int log_pages) {
  if (log_pages < static_cast<int>(reinterpret_cast<std::intptr_t>(most_log_pages))) return SQLITE_OK;
  const int code = sqlite3_wal_checkpoint_v2(c, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // The log still holds all the rest; only after a failed sync nobody knows any more what the disk holds.
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC ? code : SQLITE_OK;
}

}  // namespace

bool leave_out_locks() {
  return sqlite3_config(SQLITE_CONFIG_MULTITHREAD) == SQLITE_OK &&
         sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
}
bool takes_locks(Handle handle) { return sqlite3_db_mutex(connection(handle)) != nullptr; }

void configure(Handle handle, std::chrono::milliseconds busy_timeout) {
  sqlite3_extended_result_codes(connection(handle), 1);
  sqlite3_busy_timeout(connection(handle), static_cast<int>(busy_timeout.count()));
}

void write_log_back_at(Handle handle, int log_pages) {
  sqlite3_wal_hook(connection(handle), write_log_back, reinterpret_cast<void*>(static_cast<std::intptr_t>(log_pages)));
}

void checkpoint_on_close(Handle handle, bool yes) {
  sqlite3_db_config(connection(handle), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, yes ? 0 : 1, nullptr);
}

int exec(Handle handle, const char* sql) {
  const int code = sqlite3_exec(connection(handle), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? 0 : sqlite3_extended_errcode(connection(handle));
}

std::string message(Handle handle) { return sqlite3_errmsg(connection(handle)); }

Result<std::int64_t> integer(Handle handle, const char* sql) {
  return first_row(handle, sql, [](sqlite3_stmt* s) -> std::int64_t { return sqlite3_column_int64(s, 0); });
}

Result<std::string> text(Handle handle, const char* sql) {
  return first_row(handle, sql, [](sqlite3_stmt* s) -> std::string {
    const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(s, 0));
    return value ? std::string(value, static_cast<std::size_t>(sqlite3_column_bytes(s, 0))) : std::string();
  });
}

void ask_while_running(Handle handle, int (*ask)(void* who), void* who) {
  constexpr int every_steps = 1000;  // some 20 us
  sqlite3_progress_handler(connection(handle), every_steps, ask, who);
}

bool in_transaction(Handle handle) { return sqlite3_get_autocommit(connection(handle)) == 0; }

void reset_statements(Handle handle) {
  for (sqlite3_stmt* s = sqlite3_next_stmt(connection(handle), nullptr); s;
       s = sqlite3_next_stmt(connection(handle), s)) {
    if (sqlite3_stmt_busy(s)) sqlite3_reset(s);
  }
}

Result<std::string> empty_database(std::int32_t application_id) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  const Connection memory{opened};
  if (code != SQLITE_OK) return Error{ErrorKind::internal, "SQLite cannot make a database in memory"};
  const std::string pragmas = "PRAGMA page_size=4096; PRAGMA application_id=" + std::to_string(application_id);
  if (exec(memory.get(), pragmas.c_str()) != 0) return last_error(memory.get(), "making an empty database");
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, decltype([](unsigned char* p) { sqlite3_free(p); })> image{
      sqlite3_serialize(memory.get(), "main", &size, 0)};
  if (!image || size < 100) return Error{ErrorKind::internal, "SQLite made no image of an empty database"};
  std::string bytes(reinterpret_cast<const char*>(image.get()), static_cast<std::size_t>(size));
  // File format read and write version 2: WAL (https://sqlite.org/fileformat2.html).
  bytes[18] = 2;
  bytes[19] = 2;
  return bytes;
}

CodeClass classify(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return CodeClass::unique;
    case SQLITE_READONLY_DBMOVED:
      return CodeClass::cannot_open;
    default:
      break;
  }
  switch (extended_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return CodeClass::busy;
    case SQLITE_INTERRUPT:
      return CodeClass::given_up;
    case SQLITE_FULL:
      return CodeClass::full;
    case SQLITE_IOERR:
      return CodeClass::io;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return CodeClass::read_only;
    case SQLITE_CANTOPEN:
      return CodeClass::cannot_open;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return CodeClass::corrupt;
    case SQLITE_CONSTRAINT:
      return CodeClass::constraint;
    case SQLITE_NOMEM:
      return CodeClass::no_memory;
    default:
      return CodeClass::other;
  }
}

}  // namespace backupctl::soci::raw
