#include "soci/ground/sqlite_error.hpp"

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <exception>
#include <string>

#include "soci/ground/sqlite_raw.hpp"

namespace backupctl::soci {

namespace {

std::string sentence(std::string_view doing, std::string_view what, int code, std::string_view message) {
  std::string text(doing);
  text.append(": ")
      .append(what)
      .append(" (SQLite ")
      .append(std::to_string(code))
      .append(": ")
      .append(message)
      .append(")");
  return text;
}

}  // namespace

Error sqlite_error(int code, std::string_view doing, std::string_view message) {
  const auto error = [&](ErrorKind kind, std::string_view what, bool retryable, std::string name) {
    return Error{kind, sentence(doing, what, code, message), retryable, std::move(name), {}};
  };
  using enum raw::CodeClass;
  switch (raw::classify(code)) {
    case busy:
      return error(ErrorKind::unavailable, "other processes kept the store busy", true, "store-busy");
    case given_up:
      return error(ErrorKind::unavailable, "it took too long and was given up; ask for less", true, "store-slow");
    case full:
      return error(ErrorKind::unavailable, "the disk is full", true, "store-full");
    case io:
      return error(ErrorKind::unavailable, "the disk failed", true, "store-io-error");
    case no_memory:
      return error(ErrorKind::unavailable, "out of memory", true, "store-no-memory");
    case read_only:
      return error(ErrorKind::unavailable, "the store is read-only or not ours to write", false, "store-read-only");
    case cannot_open:
      return error(ErrorKind::unavailable, "the store cannot be opened or was moved away", false, "store-unreachable");
    case corrupt:
      return error(ErrorKind::corrupt, "the store is damaged", false, "store-corrupt");
    case unique:
      return error(ErrorKind::conflict, "it is there already", false, "store-unique");
    case constraint:
      return error(ErrorKind::internal, "a rule of the store forbids it", false, "store-constraint");
    case other:
      break;
  }
  return error(ErrorKind::internal, "a statement failed", false, "store-sql");
}

Error sqlite_commit_error(int code, std::string_view message) {
  if (raw::classify(code) != raw::CodeClass::io) return sqlite_error(code, "committing", message);
  return {ErrorKind::unknown_outcome,
          sentence("committing", "the disk failed; it may be in the log or not", code, message),
          false,
          "store-commit-unknown",
          {}};
}

Error from_current_exception(std::string_view doing) {
  try {
    throw;
  } catch (const ::soci::sqlite3_soci_error& error) {
    return sqlite_error(error.result(), doing, error.what());
  } catch (const CorruptRow& error) {
    return {ErrorKind::corrupt, std::string(doing) + ": a row is damaged: " + error.what(), false, "store-corrupt", {}};
  } catch (const std::exception& error) {
    return {ErrorKind::internal, std::string(doing) + ": " + error.what()};
  }
}

}  // namespace backupctl::soci
