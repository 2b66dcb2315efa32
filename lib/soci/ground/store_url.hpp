// Where a store lies, parsed once from the configured URL, and what it is opened for.
// Thread rule: plain values.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include "backupctl/result.hpp"

namespace backupctl::soci {

struct SqliteUrl {
  std::filesystem::path path;  // absolute, or relative to the current folder
};

struct PostgresqlUrl {
  std::string connection;            // the URL without what is ours, for libpq; may hold a password: never log it
  std::string shown;                 // the same without a password
  std::string schema{};              // whose tables; empty: the first of the user's search path
  std::chrono::seconds timeout{15};  // how long a statement may take
};

using StoreUrl = std::variant<SqliteUrl, PostgresqlUrl>;

// What somebody opens a store for.
enum class Access { read, write };

// "sqlite:///absolute/path", "sqlite:relative/path" (%XX is decoded, as in any URL),
// "postgresql://user@host/database", with ?schema=NAME and timeout=SECONDS beside what libpq takes.
// Errors: invalid, saying what is expected.
Result<StoreUrl> parse_store_url(std::string_view text);

}  // namespace backupctl::soci
