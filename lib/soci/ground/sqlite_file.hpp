// What can be known of a SQLite file before SQLite opens it, and how a new one comes to be.
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "backupctl/result.hpp"

namespace backupctl::soci {

// A database file as it was when it was opened.
// Closing any descriptor of a file drops the POSIX locks that the process has on it, SQLite's too. So ours is one per
// file and process, and stays open as long as somebody keeps `kept_open`: a store and each of its sessions do.
struct SqliteFile {
  std::filesystem::path path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::shared_ptr<const void> kept_open{};
};

bool is_still_there(const SqliteFile& file);  // this very file, under its name

// The file's header, read by ourselves.
struct SqliteHeader {
  bool is_sqlite = false;
  std::uint32_t application_id = 0;
  std::uint32_t schema = 0;  // user_version: the number of the last migration, as of the last checkpoint
  SqliteFile file{};
};

// Errors: the codes store-is-a-folder, store-no-permission, store-empty, and not_found "store-missing".
Result<SqliteHeader> read_sqlite_header(const std::filesystem::path& path);

// Something beside `path` that only a store that was once there leaves: its name, or empty.
std::filesystem::path trace_of_store(const std::filesystem::path& path);

// Makes an empty database that bears the application id; it appears under its name complete and durable, or not at
// all. One that is there already, made by somebody else in the same moment, is success.
// Errors: unavailable (no permission, disk full, …), not_found "store-missing" when the folder's own folder is missing.
Result<void> create_sqlite_file(const std::filesystem::path& path, std::int32_t application_id);

// Writes a finished file out and gives it another name, durably, never over something that is there.
// Errors: conflict "file-exists"; unavailable (disk full, no permission, …).
Result<void> name_durably(const std::filesystem::path& draft, const std::filesystem::path& path);

}  // namespace backupctl::soci
