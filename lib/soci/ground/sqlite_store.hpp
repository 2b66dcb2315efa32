// A SQLite store of one of our products: found or made, checked, brought to the newest schema, then connected to.
// Thread rule: any thread; each session that it makes is for one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"
#include "soci/ground/migration.hpp"
#include "soci/ground/sqlite_session.hpp"
#include "soci/ground/store_url.hpp"

namespace backupctl::soci {

// What tells one product's store from another's.
struct SqliteProduct {
  std::string_view name;        // for messages: "controller"
  std::int32_t application_id;  // in the file's header; never zero
  std::span<const EmbeddedFile> migrations;
};

inline constexpr std::int32_t controller_application_id = 0x62634354;  // "bcCT"
inline constexpr std::int32_t zone_application_id = 0x62635a4e;        // "bcZN"
inline constexpr std::int32_t results_application_id = 0x62635253;     // "bcRS"
inline constexpr std::int32_t jobs_application_id = 0x62634a42;        // "bcJB"

// "controller", "zone", "job service"; empty for the id of another program.
std::string_view product_name(std::uint32_t application_id);

enum class Create {
  automatic,  // a missing store is made, its folder too (one level)
  never,      // a missing store is an error
};

struct SqliteOptions {
  Create create = Create::automatic;
  // How long a write waits for other processes before it fails with "store-busy".
  std::chrono::milliseconds busy_timeout{5000};
  // After this a read of the repository is given up with "store-slow": few threads read.
  std::chrono::milliseconds read_timeout{15'000};
  int log_pages = 4000;  // the log is written back once it has so many, by whoever commits then
  std::string vfs{};     // SQLite's VFS by name; empty: the platform's
  // With read it is neither made nor migrated, and nothing can be written.
  Access access = Access::write;
};

class SqliteStore {
 public:
  // `now` is written beside each migration that is applied. Refused with the file's bytes untouched, by code:
  //   store-missing        not_found    it is not there and create is never, or its folder is not there
  //   store-vanished       not_found    its lock files or log are there, the database file is not
  //   store-is-a-folder    corrupt      a folder, or another thing that is no regular file
  //   store-no-permission  unavailable  it cannot be read, or not be written
  //   store-empty          corrupt      a file of no bytes (an interrupted copy looks so)
  //   store-foreign        corrupt      not a SQLite database, or no product of ours made it
  //   store-other-product  corrupt      the store of another product of ours
  //   store-newer          conflict     its schema is newer than this program
  //   store-older          conflict     opened for reading alone, and its schema is older than this program
  //   store-changed        corrupt      a migration that it was built by is not the one that this program knows
  // and what sqlite_error.hpp lists.
  static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& path, const SqliteProduct& product,
                                                   const SqliteOptions& options, Timestamp now);

  Result<std::unique_ptr<SqliteSession>> connect(Access access);

  const std::filesystem::path& path() const { return path_; }  // absolute

 private:
  SqliteStore(std::filesystem::path path, SqliteOptions options, std::shared_ptr<const SqliteFile> file)
      : path_(std::move(path)), options_(std::move(options)), file_(std::move(file)) {}

  std::filesystem::path path_;
  SqliteOptions options_;
  std::shared_ptr<const SqliteFile> file_;
};

}  // namespace backupctl::soci
