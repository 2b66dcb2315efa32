#include "soci/ground/sqlite_log.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "soci/ground/sqlite_error.hpp"

namespace backupctl::soci {

namespace {

constexpr sqlite3_int64 chunk_bytes = 64 * 1024;  // the platform VFS takes less than 128 KiB at once

using FileName = std::unique_ptr<const char, decltype([](const char* name) { sqlite3_free_filename(name); })>;

int rewrite(sqlite3_file* file) {
  const auto& io = *file->pMethods;
  sqlite3_int64 size = 0;
  if (const int code = io.xFileSize(file, &size); code != SQLITE_OK) return code;
  std::vector<char> chunk;
  for (sqlite3_int64 done = 0; done < size;) {
    const int length = static_cast<int>(std::min(chunk_bytes, size - done));
    chunk.resize(static_cast<std::size_t>(length));
    if (const int code = io.xRead(file, chunk.data(), length, done); code != SQLITE_OK) return code;
    if (const int code = io.xWrite(file, chunk.data(), length, done); code != SQLITE_OK) return code;
    done += length;
  }
  return size == 0 ? SQLITE_OK : io.xSync(file, SQLITE_SYNC_NORMAL);
}

}  // namespace

Result<void> rewrite_log(const std::filesystem::path& store, const std::string& vfs_name) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name.empty() ? nullptr : vfs_name.c_str());
  if (!vfs) return Error{ErrorKind::internal, "SQLite has no VFS " + vfs_name};
  // The names in the form that a VFS expects.
  const auto log = store.string() + "-wal";
  const FileName name{sqlite3_create_filename(store.c_str(), "", log.c_str(), 0, nullptr)};
  if (!name) return sqlite_error(SQLITE_NOMEM, "looking for the log of " + store.string(), "");
  const char* log_name = sqlite3_filename_wal(name.get());

  int is_there = 0;
  int code = vfs->xAccess(vfs, log_name, SQLITE_ACCESS_EXISTS, &is_there);
  if (code == SQLITE_OK && is_there == 0) return {};
  std::vector<std::max_align_t> memory(static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
  auto* file = reinterpret_cast<sqlite3_file*>(memory.data());
  if (code == SQLITE_OK) {
    // With leave to make it, as SQLite opens it: then the first sync is one of the folder, too.
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;
    code = vfs->xOpen(vfs, log_name, file, flags, nullptr);
    if (code == SQLITE_OK) {
      code = rewrite(file);
      file->pMethods->xClose(file);
    }
  }
  if (code == SQLITE_OK) return {};
  return sqlite_error(code, "writing the log of " + store.string() + " out", sqlite3_errstr(code));
}

}  // namespace backupctl::soci
