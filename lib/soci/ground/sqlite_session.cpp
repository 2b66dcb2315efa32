#include "soci/ground/sqlite_session.hpp"

#include <soci/sqlite3/soci-sqlite3.h>

#include <string>

#include "soci/ground/sqlite_file.hpp"
#include "soci/ground/sqlite_raw.hpp"

namespace backupctl::soci {

SqliteSession::SqliteSession(std::shared_ptr<const SqliteFile> file, std::unique_ptr<::soci::session> sql,
                             std::optional<Turnstile> turnstile, std::chrono::milliseconds busy_timeout)
    : file_(std::move(file)), sql_(std::move(sql)), turnstile_(std::move(turnstile)), busy_timeout_(busy_timeout) {}

SqliteSession::~SqliteSession() = default;

void* SqliteSession::handle() { return static_cast<::soci::sqlite3_session_backend*>(sql_->get_backend())->conn_; }

Result<void> SqliteSession::still_there() {
  if (is_still_there(*file_)) return {};
  return Error{ErrorKind::unavailable,
               "the store " + file_->path.string() + " was moved away or removed while in use",
               false,
               "store-vanished",
               {}};
}

Result<std::int64_t> SqliteSession::data_version() {
  if (auto there = still_there(); !there) return std::move(there).error();
  return raw::integer(handle(), "PRAGMA data_version");
}

void SqliteSession::limit_reads(Duration at_most) {
  read_limit_ = at_most;
  const auto is_too_long = [](void* session) -> int {
    auto& self = *static_cast<SqliteSession*>(session);
    return self.clock_.monotonic() >= self.reads_until_ ? 1 : 0;
  };
  raw::ask_while_running(handle(), is_too_long, this);
}

Result<Turnstile::Pass> SqliteSession::enter() {
  if (fatal_) return *fatal_;
  if (!turnstile_) return Error{ErrorKind::internal, "a write on a session that was opened for reading"};
  if (auto there = still_there(); !there) return std::move(there).error();
  return turnstile_->enter(busy_timeout_);
}

Result<void> SqliteSession::step(const char* statement) {
  if (const int code = raw::exec(handle(), statement); code != 0) {
    return sqlite_error(code, statement, raw::message(handle()));
  }
  return {};
}

Result<void> SqliteSession::run(std::string_view statements) { return step(std::string(statements).c_str()); }

Result<void> SqliteSession::commit() {
  raw::reset_statements(handle());
  const int code = raw::exec(handle(), "COMMIT");
  if (code == 0) return {};
  auto error = sqlite_commit_error(code, raw::message(handle()));
  roll_back();
  // What comes after it is certainly not written.
  if (error.kind == ErrorKind::unknown_outcome)
    fatal_ = Error{ErrorKind::unavailable, error.detail, false, error.code, {}};
  return error;
}

void SqliteSession::roll_back() noexcept {
  raw::reset_statements(handle());
  // SQLite has rolled back by itself after some errors.
  if (raw::in_transaction(handle())) raw::exec(handle(), "ROLLBACK");
}

}  // namespace backupctl::soci
