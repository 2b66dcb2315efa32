#include "soci/ground/sqlite_store.hpp"

#include <soci/sqlite3/soci-sqlite3.h>

#include <string>

#include "soci/ground/sqlite_file.hpp"
#include "soci/ground/sqlite_log.hpp"
#include "soci/ground/sqlite_migrate.hpp"
#include "soci/ground/sqlite_raw.hpp"

namespace backupctl::soci {

namespace {

Error refused(ErrorKind kind, std::string detail, std::string code) {
  return {kind, std::move(detail), false, std::move(code), {}};
}

Result<void> check_header(const SqliteHeader& header, const std::filesystem::path& path, const SqliteProduct& product,
                          std::int32_t newest) {
  if (!header.is_sqlite) {
    return refused(ErrorKind::corrupt, path.string() + " is not a SQLite database", "store-foreign");
  }
  if (header.application_id != static_cast<std::uint32_t>(product.application_id)) {
    const auto other = product_name(header.application_id);
    if (other.empty()) {
      return refused(ErrorKind::corrupt, path.string() + " is a SQLite database of another program", "store-foreign");
    }
    return refused(
        ErrorKind::corrupt,
        path.string() + " is the store of a " + std::string(other) + ", not of a " + std::string(product.name),
        "store-other-product");
  }
  if (header.schema > static_cast<std::uint32_t>(newest)) return newer_schema(path, header.schema, newest);
  return {};
}

Result<SqliteHeader> find_or_create(const std::filesystem::path& path, const SqliteProduct& product, Create create) {
  auto header = read_sqlite_header(path);
  if (header || header.error().code != "store-missing") return header;
  const auto trace = trace_of_store(path);
  if (!trace.empty()) {
    // Another process may have made the store since we looked.
    if (auto again = read_sqlite_header(path); again || again.error().code != "store-missing") return again;
    return refused(ErrorKind::not_found,
                   "the store " + path.string() + " has gone, though " + trace.string() +
                       " shows that it was here; bring it back, or remove what is left of it to start with nothing",
                   "store-vanished");
  }
  if (create == Create::never) return header;
  if (auto created = create_sqlite_file(path, product.application_id); !created) return std::move(created).error();
  return read_sqlite_header(path);
}

// As a URI with every byte encoded that SQLite's URIs or SOCI's connection strings give a meaning to.
std::string connection_string(const std::filesystem::path& path, const std::string& vfs) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string uri = "db=file:";
  for (const char c : path.string()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    if (plain) {
      uri += c;
    } else {
      uri += '%';
      uri += digits[byte >> 4];
      uri += digits[byte & 15];
    }
  }
  uri += "?mode=rw";
  if (!vfs.empty()) uri += "&vfs=" + vfs;
  return uri;
}

Result<void> set_up(void* handle, Access access, const SqliteOptions& options) {
  raw::configure(handle, options.busy_timeout);
  raw::write_log_back_at(handle, options.log_pages);
  for (const char* pragma : {"PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON", "PRAGMA trusted_schema=OFF"}) {
    if (const int code = raw::exec(handle, pragma); code != 0) return sqlite_error(code, pragma, raw::message(handle));
  }
  auto mode = raw::text(handle, "PRAGMA journal_mode");
  if (mode && *mode != "wal") mode = raw::text(handle, "PRAGMA journal_mode=WAL");
  if (!mode) return std::move(mode).error();
  if (*mode != "wal") {
    return refused(ErrorKind::unavailable, "the store cannot use a write-ahead log here (journal mode " + *mode + ")",
                   "store-no-wal");
  }
  if (access == Access::read) {
    if (const int code = raw::exec(handle, "PRAGMA query_only=ON"); code != 0) {
      return sqlite_error(code, "opening for reading", raw::message(handle));
    }
  }
  return {};
}

}  // namespace

std::string_view product_name(std::uint32_t application_id) {
  switch (static_cast<std::int32_t>(application_id)) {
    case controller_application_id:
      return "controller";
    case zone_application_id:
      return "zone";
    case results_application_id:
      return "result store";
    case jobs_application_id:
      return "job service";
    default:
      return {};
  }
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& path, const SqliteProduct& product,
                                                       const SqliteOptions& options, Timestamp now) {
  auto migrations = migrations_of(product.migrations);
  if (!migrations) return std::move(migrations).error();
  std::error_code problem;
  auto absolute = std::filesystem::absolute(path, problem);
  if (problem) return Error{ErrorKind::unavailable, "cannot tell the current folder: " + problem.message()};
  absolute = absolute.lexically_normal();

  const bool only_reads = options.access == Access::read;
  auto header = find_or_create(absolute, product, only_reads ? Create::never : options.create);
  if (!header) return std::move(header).error();
  const auto newest = static_cast<std::int32_t>(migrations->size());
  if (auto ours = check_header(*header, absolute, product, newest); !ours) return std::move(ours).error();

  std::unique_ptr<SqliteStore> store{
      new SqliteStore(std::move(absolute), options, std::make_shared<const SqliteFile>(std::move(header->file)))};
  if (only_reads) {
    auto reader = store->connect(Access::read);
    if (!reader) return std::move(reader).error();
    const auto done = applied_migrations(**reader, store->path(), *migrations);
    if (!done) return done.error();
    if (*done < migrations->size()) return older_schema(store->path().string(), *done, migrations->size());
    return store;
  }
  auto session = store->connect(Access::write);
  if (!session) return std::move(session).error();
  // A store that is refused after all stays as it is: closing it would write its log into it.
  raw::checkpoint_on_close((*session)->handle(), false);
  auto settled = (*session)->write([&] { return rewrite_log(store->path(), options.vfs); });
  if (!settled) return std::move(settled).error();
  if (auto migrated = migrate(**session, store->path(), *migrations, now); !migrated)
    return std::move(migrated).error();
  raw::checkpoint_on_close((*session)->handle(), true);
  return store;
}

Result<std::unique_ptr<SqliteSession>> SqliteStore::connect(Access access) {
  std::optional<Turnstile> turnstile;
  if (access == Access::write) {
    auto made = Turnstile::beside(path_);
    if (!made) return std::move(made).error();
    turnstile = *std::move(made);
  }
  try {
    auto sql = std::make_unique<::soci::session>(::soci::sqlite3, connection_string(path_, options_.vfs));
    std::unique_ptr<SqliteSession> session{
        new SqliteSession(file_, std::move(sql), std::move(turnstile), options_.busy_timeout)};
    if (auto ready = set_up(session->handle(), access, options_); !ready) return std::move(ready).error();
    if (options_.access == Access::read) raw::checkpoint_on_close(session->handle(), false);
    return session;
  } catch (...) {
    return from_current_exception("opening " + path_.string());
  }
}

}  // namespace backupctl::soci
