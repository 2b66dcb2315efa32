// One open connection to a SQLite store: WAL, synchronous=FULL, foreign keys on, a busy timeout.
// Made by SqliteStore::connect, which it must not outlive.
// Thread rule: one thread at a time.
#pragma once

#include <soci/soci.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <unordered_map>
#include <utility>

#include "backupctl/result.hpp"
#include "backupctl/serial_executor.hpp"
#include "backupctl/time.hpp"
#include "soci/ground/sqlite_error.hpp"
#include "soci/ground/turnstile.hpp"

namespace backupctl::soci {

struct SqliteFile;
class SqliteStore;

class SqliteSession {
 public:
  ~SqliteSession();
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;

  // For reading, and inside `write` for writing. Throws ::soci::soci_error: use it inside read and write, which catch.
  ::soci::session& sql() { return *sql_; }

  // Runs body() -> Result<T> in one transaction: past the turnstile, BEGIN IMMEDIATE, COMMIT. An Error or an exception
  // from the body rolls everything back and is what write returns. Also returned: "store-busy" when others did not
  // let us in within the busy timeout, "store-vanished" when the file was moved away or removed meanwhile (what is
  // written to it would be lost), and what COMMIT can say (sqlite_error.hpp).
  // After "store-commit-unknown" each later write fails with the same code, as unavailable: it is not written.
  template <class F>
  std::invoke_result_t<F&> write(F&& body);

  // Runs body() -> Result<T> on one unchanging view of the store. The body must not write. Also returned: "store-slow"
  // when it took longer than limit_reads allows.
  template <class F>
  std::invoke_result_t<F&> read(F&& body);

  // Another number than the last time when another connection, of this process or of another, has committed meanwhile.
  // The number says nothing to other sessions. Inside `read` it is that of the view.
  Result<std::int64_t> data_version();

  // From now on. Without it a read takes as long as it takes.
  void limit_reads(Duration at_most);

  // Runs one or more statements, as migrations have them.
  Result<void> run(std::string_view statements);

  // The session's one S, made from sql() when first asked for. S holds a ::soci::statement and the members bound to
  // it (use and into refer to them, so they have to live as long as the statement, and S does not move):
  //
  //   struct FindCommand {
  //     explicit FindCommand(::soci::session& sql)
  //         : find((sql.prepare << "SELECT body FROM command WHERE command_id = :id", ::soci::use(id, "id"),
  //                 ::soci::into(body))) {}
  //     std::string id, body;
  //     ::soci::statement find;   // the last member
  //   };
  //   auto& statement = session.prepared<FindCommand>();
  //   statement.id = …;
  //   if (statement.find.execute(true)) use(statement.body);
  template <class S>
  S& prepared();

 private:
  friend class SqliteStore;
  SqliteSession(std::shared_ptr<const SqliteFile> file, std::unique_ptr<::soci::session> sql,
                std::optional<Turnstile> turnstile, std::chrono::milliseconds busy_timeout);

  void* handle();
  Result<void> still_there();
  Result<Turnstile::Pass> enter();
  Result<void> step(const char* statement);
  Result<void> commit();
  void roll_back() noexcept;

  std::shared_ptr<const SqliteFile> file_;  // before sql_: closed after it
  std::unique_ptr<::soci::session> sql_;
  std::unordered_map<std::type_index, std::shared_ptr<void>> prepared_;  // after sql_: destroyed before it
  std::optional<Turnstile> turnstile_;                                   // none: a reading session
  std::chrono::milliseconds busy_timeout_;
  std::optional<Error> fatal_;
  SystemClock clock_;
  std::optional<Duration> read_limit_;
  Duration reads_until_{};  // monotonic
};

template <class F>
std::invoke_result_t<F&> SqliteSession::write(F&& body) {
  auto pass = enter();
  if (!pass) return std::move(pass).error();
  if (auto begun = step("BEGIN IMMEDIATE"); !begun) return std::move(begun).error();
  try {
    auto result = body();
    if (!result) return roll_back(), result;
    if (auto committed = commit(); !committed) return std::move(committed).error();
    return result;
  } catch (...) {
    auto error = from_current_exception("writing to the store");
    roll_back();
    return error;
  }
}

template <class F>
std::invoke_result_t<F&> SqliteSession::read(F&& body) {
  if (auto there = still_there(); !there) return std::move(there).error();
  if (read_limit_) reads_until_ = clock_.monotonic() + *read_limit_;
  if (auto begun = step("BEGIN"); !begun) return std::move(begun).error();
  try {
    auto result = body();
    roll_back();
    return result;
  } catch (...) {
    auto error = from_current_exception("reading the store");
    roll_back();
    return error;
  }
}

template <class S>
S& SqliteSession::prepared() {
  auto& slot = prepared_[std::type_index(typeid(S))];
  if (!slot) slot = std::make_shared<S>(*sql_);
  return *static_cast<S*>(slot.get());
}

}  // namespace backupctl::soci
