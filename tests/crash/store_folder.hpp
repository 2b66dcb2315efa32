// A folder for one store, in memory where the machine has that: its syncs cost nothing, and mean nothing.
// Thread rule: one thread at a time.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "backupctl/soci/store.hpp"
#include "crash/faulty_disk.hpp"
#include "soci/ground/sqlite_file.hpp"
#include "soci/ground/sqlite_store.hpp"

namespace backupctl::testing {

class StoreFolder {
 public:
  StoreFolder() {
    const std::filesystem::path in_memory = "/dev/shm";
    std::error_code ignored;
    const auto parent =
        std::filesystem::is_directory(in_memory, ignored) ? in_memory : std::filesystem::temp_directory_path();
    auto pattern = (std::filesystem::canonical(parent) / "backupctl-store-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    path_ = pattern;
  }
  ~StoreFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  StoreFolder(const StoreFolder&) = delete;
  StoreFolder& operator=(const StoreFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path database() const { return path_ / "controller.db"; }
  std::string url() const { return "sqlite://" + database().string(); }

  // A store at the newest schema, without rows.
  static DiskImage new_store() {
    const StoreFolder folder;
    soci::open_blocking(folder.url()).value();
    return read_image(folder.path());
  }
  // A file that is a store's, and has no schema yet.
  static DiskImage empty_store() {
    const StoreFolder folder;
    soci::create_sqlite_file(folder.database(), soci::controller_application_id).value();
    return read_image(folder.path());
  }

 private:
  std::filesystem::path path_;
};

}  // namespace backupctl::testing
