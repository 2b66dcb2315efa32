// One connection to a PostgreSQL store, made when first needed and made again after it was lost.
// Thread rule: one thread at a time.
#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "backupctl/result.hpp"
#include "soci/ground/answer_watch.hpp"
#include "soci/ground/store_url.hpp"

namespace backupctl::soci {

// Time-outs of every session, so that a peer that died without a word is noticed within seconds and holds no locks
// for long: connecting 5 s, keepalives after 3 s of silence, statements the URL's timeout (15 s), an open transaction
// in which nothing happens 5 s. A server that is there but has said nothing for 2 s longer than a statement may take is
// given up like one that is lost. The URL's own values for libpq (connect_timeout, keepalives_…) win.
class PostgresqlSession {
 public:
  // With Access::read the server refuses what would write.
  explicit PostgresqlSession(PostgresqlUrl url, Access access = Access::write)
      : url_(std::move(url)), access_(access) {}
  ~PostgresqlSession();
  PostgresqlSession(const PostgresqlSession&) = delete;
  PostgresqlSession& operator=(const PostgresqlSession&) = delete;

  // Inside write, read and view, which catch what it throws.
  ::soci::session& sql() {
    expect_answer();
    return *sql_;
  }

  // Runs body() -> Result<T> in one READ COMMITTED transaction. An Error or an exception from the body rolls
  // everything back and is what write returns. Errors: postgresql_error.hpp; "store-commit-lost" when it is not known
  // whether the transaction was committed, every other error means that it was not.
  template <class F>
  std::invoke_result_t<F&> write(F&& body);

  // Runs body() -> Result<T> with each statement on its own.
  template <class F>
  std::invoke_result_t<F&> read(F&& body);

  // Runs body() -> Result<T> on one unchanging view of the store.
  template <class F>
  std::invoke_result_t<F&> view(F&& body);

  // Runs one or more statements as they are, as migrations have them. Inside write, or each on its own.
  Result<void> run(std::string_view statements);

  // Inside write, before its first statement: what follows in this transaction may take as long as it does.
  Result<void> take_time();

  // Why the server refuses us for good, when it does: no such user or database, a wrong password. Connects once more.
  std::optional<Error> refusal() const;

  // What other sessions have said on the channels that this one listens to: their payloads. Does not wait.
  Result<std::vector<std::string>> heard();
  int socket() const;  // readable when there may be something to hear; -1 without a connection

  // The session's one S, made from sql() when first asked for and again after a new connection; see SqliteSession.
  template <class S>
  S& prepared();

  // Another number after each new connection: what was known of the store may have changed meanwhile.
  std::uint64_t connection() const { return connection_; }

  const PostgresqlUrl& url() const { return url_; }

 private:
  // The clock of the watch stands again.
  struct Quiet {
    PostgresqlSession& session;
    ~Quiet() { session.expect_nothing(); }
  };

  void expect_answer() noexcept;
  void expect_nothing() noexcept;
  // What is said of a connection that is lost.
  std::string why_lost(std::string message);
  Result<void> connect();
  void disconnect() noexcept;
  // Runs one statement that starts the work, on a new connection when the old one was lost meanwhile.
  Result<void> begin(const char* statement);
  Result<void> commit();
  void roll_back() noexcept;
  // In a catch block: what is being thrown, as an Error. Lets go of a connection that is of no more use.
  Error caught(std::string_view doing);

  PostgresqlUrl url_;
  Access access_;
  std::unique_ptr<::soci::session> sql_;
  std::unordered_map<std::type_index, std::shared_ptr<void>> prepared_;  // after sql_: destroyed before it
  std::uint64_t connection_ = 0;
  std::shared_ptr<AnswerWatch> watch_;  // once there is a connection
  bool takes_time_ = false;             // until the transaction ends
};

template <class F>
std::invoke_result_t<F&> PostgresqlSession::write(F&& body) {
  const Quiet after{*this};
  if (auto begun = begin("BEGIN ISOLATION LEVEL READ COMMITTED"); !begun) return std::move(begun).error();
  try {
    auto result = body();
    if (!result) return roll_back(), result;
    if (auto committed = commit(); !committed) return std::move(committed).error();
    return result;
  } catch (...) {
    auto error = caught("writing to the store");
    roll_back();
    return error;
  }
}

template <class F>
std::invoke_result_t<F&> PostgresqlSession::read(F&& body) {
  const Quiet after{*this};
  for (int attempt = 1;; ++attempt) {
    if (auto connected = connect(); !connected) return std::move(connected).error();
    try {
      return body();
    } catch (...) {
      auto error = caught("reading the store");
      // An idle connection may have been cut long ago: reading again does no harm.
      if (sql_ || attempt == 2) return error;
    }
  }
}

template <class F>
std::invoke_result_t<F&> PostgresqlSession::view(F&& body) {
  const Quiet after{*this};
  if (auto begun = begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); !begun) return std::move(begun).error();
  try {
    auto result = body();
    roll_back();
    return result;
  } catch (...) {
    auto error = caught("reading the store");
    roll_back();
    return error;
  }
}

template <class S>
S& PostgresqlSession::prepared() {
  expect_answer();
  auto& slot = prepared_[std::type_index(typeid(S))];
  if (!slot) slot = std::make_shared<S>(*sql_);
  return *static_cast<S*>(slot.get());
}

}  // namespace backupctl::soci
