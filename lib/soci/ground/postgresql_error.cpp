#include "soci/ground/postgresql_error.hpp"

#include <string>

namespace backupctl::soci {

namespace {

// The first line: what follows repeats the statement.
std::string_view first_line(std::string_view message) {
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.remove_suffix(1);
  return message.substr(0, message.find('\n'));
}

std::string sentence(std::string_view doing, std::string_view what, std::string_view sqlstate,
                     std::string_view message) {
  std::string text(doing);
  text.append(": ").append(what).append(" (PostgreSQL");
  if (!sqlstate.empty() && sqlstate.front() != ' ') text.append(" ").append(sqlstate);
  return text.append(": ").append(first_line(message)).append(")");
}

}  // namespace

bool ends_connection(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || sqlstate.starts_with("57P0") || sqlstate == "25P03" || sqlstate == "26000";
}

Error postgresql_unreachable(std::string_view doing, std::string_view message) {
  return {ErrorKind::unavailable,
          sentence(doing, "the server cannot be reached", {}, message),
          true,
          "store-unreachable",
          {}};
}

std::optional<Error> postgresql_refusal(std::string_view doing, std::string_view message) {
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.remove_suffix(1);
  const auto last_word = message.substr(message.find_last_of(' ') + 1);
  const auto refused = [&](ErrorKind kind, std::string_view what, std::string code) {
    return Error{kind, sentence(doing, what, {}, last_word), false, std::move(code), {}};
  };
  if (last_word == "3D000") return refused(ErrorKind::not_found, "there is no such database", "store-missing");
  if (last_word == "42501" || (last_word.size() == 5 && last_word.starts_with("28"))) {
    return refused(ErrorKind::unavailable, "the server does not let this user in (is the user, the password right?)",
                   "store-no-permission");
  }
  return {};
}

Error postgresql_commit_lost(std::string_view message) {
  return {ErrorKind::unknown_outcome,
          sentence("committing", "the connection was lost; it may be written or not", {}, message),
          true,
          "store-commit-lost",
          {}};
}

Error postgresql_error(std::string_view sqlstate, std::string_view doing, std::string_view message) {
  const auto error = [&](ErrorKind kind, std::string_view what, bool retryable, std::string name) {
    return Error{kind, sentence(doing, what, sqlstate, message), retryable, std::move(name), {}};
  };
  const auto passing = [&](std::string_view what, std::string name) {
    return error(ErrorKind::unavailable, what, true, std::move(name));
  };
  const auto of_class = [&](std::string_view prefix) { return sqlstate.starts_with(prefix); };
  if (ends_connection(sqlstate)) return passing("the connection was lost", "store-unreachable");
  if (sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "55P03") {
    return passing("another transaction was in the way", "store-contended");
  }
  if (sqlstate == "53100") return passing("the disk is full", "store-full");
  if (sqlstate == "53200") return passing("out of memory", "store-no-memory");
  if (sqlstate == "57014" || of_class("53")) return passing("the server is too busy", "store-busy");
  if (sqlstate == "25006") return passing("the store is read-only", "store-read-only");
  if (of_class("58")) return passing("the disk failed", "store-io-error");
  if (sqlstate == "42501") {
    return error(ErrorKind::unavailable, "the store's user lacks the right", false, "store-no-permission");
  }
  if (sqlstate == "42P01" || sqlstate == "3F000") {
    return error(ErrorKind::unavailable, "tables of the store are gone", false, "store-vanished");
  }
  if (sqlstate == "XX001" || sqlstate == "XX002") {
    return error(ErrorKind::corrupt, "the store is damaged", false, "store-corrupt");
  }
  if (sqlstate == "23505") return error(ErrorKind::conflict, "it is there already", false, "store-unique");
  if (of_class("23")) return error(ErrorKind::internal, "a rule of the store forbids it", false, "store-constraint");
  return error(ErrorKind::internal, "a statement failed", false, "store-sql");
}

}  // namespace backupctl::soci
