#include "soci/ground/postgresql_session.hpp"

#include <soci/postgresql/soci-postgresql.h>

#include <memory>
#include <string>

#include "soci/ground/postgresql_error.hpp"
#include "soci/ground/sqlite_error.hpp"

namespace backupctl::soci {

namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
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
// all that our statements can take is an index. (The cost that is put on the rest would start the compiler of plans.)
constexpr const char* settings =
    "SET statement_timeout = '15s'; SET idle_in_transaction_session_timeout = '5s'; SET standard_conforming_strings = "
    "on;"
    "SET client_min_messages = warning; SET tcp_keepalives_idle = 3; SET tcp_keepalives_interval = 1;"
    "SET tcp_keepalives_count = 3; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
    "SET jit = off;"
    "SET plan_cache_mode = force_generic_plan;"
    // What is answered as durable has to be.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

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
  prepared_.clear();
  sql_.reset();
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
  PQsetNoticeProcessor(
      handle(*sql_), [](void*, const char*) {}, nullptr);  // else they go to standard error
  std::string setup = settings;
  if (!url_.schema.empty()) setup += "; SET search_path = " + url_.schema;
  if (access_ == Access::read) setup += "; SET default_transaction_read_only = on";
  auto set = run(setup);
  if (!set) disconnect();
  return set;
}

Result<void> PostgresqlSession::run(std::string_view statements) {
  if (auto connected = connect(); !connected) return connected;
  auto* connection = handle(*sql_);
  const ResultPointer result(PQexec(connection, std::string(statements).c_str()));
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const std::string message = PQerrorMessage(connection);
  const bool lost = PQstatus(connection) == CONNECTION_BAD || (state && ends_connection(state));
  auto error = lost ? postgresql_unreachable("writing to the store", message)
                    : postgresql_error(state ? state : "", "writing to the store", message);
  if (lost || error.code == "store-read-only") disconnect();
  return error;
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
  // Without a time-out: it would end the wait for a synchronous standby and report success.
  const ResultPointer result(PQexec(connection, "SET LOCAL statement_timeout = 0; COMMIT"));
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) {
    if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") return {};
    return Error{ErrorKind::internal, "committing: the transaction had failed before", false, "store-sql", {}};
  }
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const std::string message = PQerrorMessage(connection);
  if (PQstatus(connection) == CONNECTION_BAD || !state || ends_connection(state)) {
    disconnect();
    return postgresql_commit_lost(message);
  }
  auto error = postgresql_error(state, "committing", message);
  roll_back();
  return error;
}

void PostgresqlSession::roll_back() noexcept {
  if (!sql_) return;
  auto* connection = handle(*sql_);
  if (PQtransactionStatus(connection) == PQTRANS_IDLE) return;
  const ResultPointer result(PQexec(connection, "ROLLBACK"));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) disconnect();
}

Error PostgresqlSession::caught(std::string_view doing) {
  const bool lost = sql_ && PQstatus(handle(*sql_)) == CONNECTION_BAD;
  try {
    throw;
  } catch (const ::soci::postgresql_soci_error& error) {
    const auto state = error.sqlstate();
    auto told = lost ? postgresql_unreachable(doing, error.what()) : postgresql_error(state, doing, error.what());
    if (lost || ends_connection(state) || told.code == "store-read-only") disconnect();
    return told;
  } catch (const CorruptRow& error) {
    return {ErrorKind::corrupt, std::string(doing) + ": a row is damaged: " + error.what(), false, "store-corrupt", {}};
  } catch (const std::exception& error) {
    auto told = lost ? postgresql_unreachable(doing, error.what())
                     : Error{ErrorKind::internal, std::string(doing) + ": " + error.what()};
    if (lost) disconnect();
    return told;
  }
}

}  // namespace backupctl::soci
