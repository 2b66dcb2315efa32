#include "soci/ground/postgresql_session.hpp"

#include <poll.h>
#include <soci/postgresql/soci-postgresql.h>

#include <chrono>
#include <memory>
#include <string>

#include "soci/ground/postgresql_error.hpp"
#include "soci/ground/sqlite_error.hpp"

namespace backupctl::soci {

namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ResultPointer = std::unique_ptr<PGresult, Clear>;

PGconn* handle(::soci::session& sql) {
  return static_cast<::soci::postgresql_session_backend*>(sql.get_backend())->conn_;
}

struct Default {
  std::string_view keyword, value;
};
constexpr Default defaults[] = {
    {"connect_timeout", "5"},    {"keepalives_idle", "3"},     {"keepalives_interval", "1"},
    {"keepalives_count", "3"},   {"tcp_user_timeout", "6000"}, {"application_name", "backupctl"},
    {"client_encoding", "UTF8"},
};

// Not left to the server's configuration. Plans are made once and have to hold when the tables have grown: with these
// all that our statements can take is an index, in its order, and no other processes are started for it. (The cost that
// is put on the rest would start the compiler of plans.)
constexpr const char* settings =
    "SET idle_in_transaction_session_timeout = '5s'; SET standard_conforming_strings = "
    "on;"
    "SET client_min_messages = warning; SET tcp_keepalives_idle = 3; SET tcp_keepalives_interval = 1;"
    "SET tcp_keepalives_count = 3; SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;"
    "SET enable_incremental_sort = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;"
    "SET max_parallel_workers_per_gather = 0;"
    "SET plan_cache_mode = force_generic_plan;"
    // What is answered as durable has to be.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

// Beyond what the server itself gives a statement: its word that it has given up is on the way.
constexpr std::chrono::seconds longer_than_a_statement{2};
constexpr std::chrono::seconds longest_question{3};

Result<std::string> connection_text(const PostgresqlUrl& url) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, Clear> options(PQconninfoParse(url.connection.c_str(), &problem));
  if (!options) {
    std::string detail = "the URL of the store cannot be read: ";
    detail += problem ? problem : "out of memory";
    PQfreemem(problem);
    return Error{ErrorKind::invalid, std::move(detail)};
  }
  std::string text;
  const auto add = [&text](std::string_view keyword, std::string_view value) {
    text.append(text.empty() ? "" : " ").append(keyword).append("='");
    for (const char c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += '\'';
  };
  bool several_hosts = false, attributes = false;
  const auto given = [&](std::string_view keyword) {
    for (const auto* option = options.get(); option->keyword; ++option) {
      if (option->keyword == keyword) return option->val != nullptr;
    }
    return false;
  };
  for (const auto* option = options.get(); option->keyword; ++option) {
    if (!option->val) continue;
    add(option->keyword, option->val);
    const std::string_view keyword = option->keyword;
    several_hosts |= keyword == "host" && std::string_view(option->val).find(',') != std::string_view::npos;
    attributes |= keyword == "target_session_attrs";
  }
  for (const auto& [keyword, value] : defaults) {
    if (!given(keyword)) add(keyword, value);
  }
  if (several_hosts && !attributes) add("target_session_attrs", "read-write");
  return text;
}

}  // namespace

PostgresqlSession::~PostgresqlSession() { disconnect(); }

void PostgresqlSession::disconnect() noexcept {
  expect_nothing();  // before its socket is another's
  prepared_.clear();
  sql_.reset();
}

void PostgresqlSession::expect_answer() noexcept {
  if (!sql_ || takes_time_) return;
  watch_->expect(this, socket(), url_.timeout + longer_than_a_statement);
}

void PostgresqlSession::expect_nothing() noexcept {
  if (watch_) watch_->end(this);
}

std::string PostgresqlSession::why_lost(std::string message) {
  if (!watch_ || !watch_->end(this)) return message;
  const auto waited = url_.timeout + longer_than_a_statement;
  return "no answer for " + std::to_string(waited.count()) + " s, the connection is given up";
}

Result<void> PostgresqlSession::take_time() {
  expect_nothing();
  takes_time_ = true;
  return run("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0");
}

Result<void> PostgresqlSession::connect() {
  if (sql_) return {};
  const auto text = connection_text(url_);
  if (!text) return text.error();
  try {
    sql_ = std::make_unique<::soci::session>(::soci::postgresql, *text);
  } catch (const std::exception& error) {
    return postgresql_unreachable("connecting to " + url_.shown, [&] {
      std::string_view message = error.what();  // SOCI's own line, then libpq's
      if (const auto line = message.find('\n'); line != std::string_view::npos) message.remove_prefix(line + 1);
      return message;
    }());
  }
  ++connection_;
  if (!watch_) watch_ = AnswerWatch::shared();
  PQsetNoticeProcessor(
      handle(*sql_), [](void*, const char*) {}, nullptr);  // else they go to standard error
  auto setup = settings + ("; SET statement_timeout = " + std::to_string(url_.timeout.count() * 1000));
  if (!url_.schema.empty()) setup += "; SET search_path = " + url_.schema;
  if (access_ == Access::read) setup += "; SET default_transaction_read_only = on";
  auto set = run(setup);
  if (!set) disconnect();
  return set;
}

std::optional<Error> PostgresqlSession::refusal() const {
  const auto text = connection_text(url_);
  if (!text) return text.error();
  // Asked for as text alone: libpq has no other way to tell the SQLSTATE of a connection that was refused.
  const std::unique_ptr<PGconn, Clear> connection(PQconnectStart(text->c_str()));
  if (!connection) return {};
  PQsetErrorVerbosity(connection.get(), PQERRORS_SQLSTATE);
  SystemClock clock;
  const auto until = clock.monotonic() + longest_question;
  for (auto next = PGRES_POLLING_WRITING; next == PGRES_POLLING_WRITING || next == PGRES_POLLING_READING;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock.monotonic());
    pollfd watched{PQsocket(connection.get()), static_cast<short>(next == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    if (left.count() <= 0 || ::poll(&watched, 1, static_cast<int>(left.count())) == 0) return {};
    next = PQconnectPoll(connection.get());
  }
  if (PQstatus(connection.get()) == CONNECTION_OK) return {};
  return postgresql_refusal("connecting to " + url_.shown, PQerrorMessage(connection.get()));
}

Result<void> PostgresqlSession::run(std::string_view statements) {
  if (auto connected = connect(); !connected) return connected;
  auto* connection = handle(*sql_);
  const Quiet after{*this};
  expect_answer();
  const ResultPointer result(PQexec(connection, std::string(statements).c_str()));
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const auto message = why_lost(PQerrorMessage(connection));
  const bool lost = PQstatus(connection) == CONNECTION_BAD || (state && ends_connection(state));
  auto error = lost ? postgresql_unreachable("writing to the store", message)
                    : postgresql_error(state ? state : "", "writing to the store", message);
  if (lost || error.code == "store-read-only") disconnect();
  return error;
}

int PostgresqlSession::socket() const { return sql_ ? PQsocket(handle(*sql_)) : -1; }

Result<std::vector<std::string>> PostgresqlSession::heard() {
  if (!sql_) return postgresql_unreachable("listening to the store", "there is no connection");
  auto* connection = handle(*sql_);
  if (PQconsumeInput(connection) == 0) {
    auto error = postgresql_unreachable("listening to the store", PQerrorMessage(connection));
    disconnect();
    return error;
  }
  std::vector<std::string> payloads;
  while (auto* said = PQnotifies(connection)) {
    if (said->be_pid != PQbackendPID(connection)) payloads.emplace_back(said->extra);
    PQfreemem(said);
  }
  return payloads;
}

Result<void> PostgresqlSession::begin(const char* statement) {
  const bool was_connected = sql_ != nullptr;
  auto begun = run(statement);
  // Nothing has been said on it yet, so that it was cut meanwhile does no harm.
  if (!begun && was_connected && !sql_) begun = run(statement);
  return begun;
}

Result<void> PostgresqlSession::commit() {
  auto* connection = handle(*sql_);
  expect_answer();
  // Without a time-out of the server's: it would end the wait for a synchronous standby and report success.
  const ResultPointer result(PQexec(connection, "SET LOCAL statement_timeout = 0; COMMIT"));
  takes_time_ = false;
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) {
    if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") return {};
    return Error{ErrorKind::internal, "committing: the transaction had failed before", false, "store-sql", {}};
  }
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const auto message = why_lost(PQerrorMessage(connection));
  if (PQstatus(connection) == CONNECTION_BAD || !state || ends_connection(state)) {
    disconnect();
    return postgresql_commit_lost(message);
  }
  auto error = postgresql_error(state, "committing", message);
  roll_back();
  return error;
}

void PostgresqlSession::roll_back() noexcept {
  takes_time_ = false;
  if (!sql_) return;
  auto* connection = handle(*sql_);
  if (PQtransactionStatus(connection) == PQTRANS_IDLE) return;
  expect_answer();
  const ResultPointer result(PQexec(connection, "ROLLBACK"));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) disconnect();
}

Error PostgresqlSession::caught(std::string_view doing) {
  const bool lost = sql_ && PQstatus(handle(*sql_)) == CONNECTION_BAD;
  try {
    throw;
  } catch (const ::soci::postgresql_soci_error& error) {
    const auto state = error.sqlstate();
    auto told =
        lost ? postgresql_unreachable(doing, why_lost(error.what())) : postgresql_error(state, doing, error.what());
    if (lost || ends_connection(state) || told.code == "store-read-only") disconnect();
    return told;
  } catch (const CorruptRow& error) {
    return {ErrorKind::corrupt, std::string(doing) + ": a row is damaged: " + error.what(), false, "store-corrupt", {}};
  } catch (const std::exception& error) {
    auto told = lost ? postgresql_unreachable(doing, why_lost(error.what()))
                     : Error{ErrorKind::internal, std::string(doing) + ": " + error.what()};
    if (lost) disconnect();
    return told;
  }
}

}  // namespace backupctl::soci
