#include "soci/ground/sqlite_backup.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>

#include "soci/ground/lock_file.hpp"
#include "soci/ground/sqlite_error.hpp"
#include "soci/ground/sqlite_file.hpp"
#include "soci/ground/sqlite_raw.hpp"
#include "soci/ground/sqlite_store.hpp"

namespace backupctl::soci {

namespace {

constexpr std::chrono::milliseconds busy_timeout{5000};

using Connection = std::unique_ptr<sqlite3, decltype([](sqlite3* c) { sqlite3_close(c); })>;

Result<Connection> connect(const std::filesystem::path& path) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  Connection connection{opened};
  if (code != SQLITE_OK) return sqlite_error(code, "opening " + path.string(), sqlite3_errstr(code));
  raw::configure(connection.get(), busy_timeout);
  return connection;
}

Result<void> copy_pages(sqlite3* from, sqlite3* to) {
  sqlite3_backup* copying = sqlite3_backup_init(to, "main", from, "main");
  if (copying) {
    sqlite3_backup_step(copying, -1);  // all of it, as of one moment
    sqlite3_backup_finish(copying);
  }
  const int code = sqlite3_extended_errcode(to);
  if (code == SQLITE_OK) return {};
  return sqlite_error(code, "copying the store", sqlite3_errmsg(to));
}

Result<void> check(sqlite3* copy) {
  const auto found = raw::text(copy, "PRAGMA integrity_check(1)");
  if (!found) return found.error();
  if (*found == "ok") return {};
  return Error{ErrorKind::corrupt, "the store is damaged: " + *found, false, "store-corrupt", {}};
}

// Owns the unfinished copy.
class Draft {
 public:
  explicit Draft(std::filesystem::path path) : path_(std::move(path)) {}
  ~Draft() {
    if (!made_) return;
    for (const auto* suffix : {"", "-journal", "-wal", "-shm"}) ::unlink((path_.string() + suffix).c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  Result<void> make() {
    const Descriptor file{::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640)};
    made_ = static_cast<bool>(file);
    if (made_) return {};
    if (errno == EEXIST) {
      return Error{ErrorKind::conflict,
                   path_.string() + " is there: another copy is being made, or was interrupted; remove it then",
                   false,
                   "file-exists",
                   {}};
    }
    return Error{ErrorKind::unavailable, "cannot make " + path_.string() + ": " + std::strerror(errno)};
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  bool made_ = false;
};

}  // namespace

Result<StoreCopy> back_up_sqlite(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto header = read_sqlite_header(from);
  if (!header) return header.error();
  const auto product = product_name(header->application_id);
  if (!header->is_sqlite || product.empty()) {
    return Error{ErrorKind::corrupt, from.string() + " is no store of ours", false, "store-foreign", {}};
  }
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(to, ignored))) {
    return Error{ErrorKind::conflict, to.string() + " exists already", false, "file-exists", {}};
  }

  Draft draft{to.string() + ".new"};
  if (auto made = draft.make(); !made) return std::move(made).error();
  StoreCopy copied{.product = product};
  {
    const auto source = connect(from);
    if (!source) return source.error();
    raw::checkpoint_on_close(source->get(), false);
    const auto copy = connect(draft.path());
    if (!copy) return copy.error();
    if (auto done = copy_pages(source->get(), copy->get()); !done) return std::move(done).error();
    if (auto sound = check(copy->get()); !sound) return std::move(sound).error();
    const auto schema = raw::integer(copy->get(), "PRAGMA user_version");
    if (!schema) return schema.error();
    copied.schema = static_cast<std::uint32_t>(*schema);
  }
  copied.byte_count = std::filesystem::file_size(draft.path(), ignored);
  if (auto named = name_durably(draft.path(), to); !named) return std::move(named).error();
  return copied;
}

}  // namespace backupctl::soci
