// Bringing a store to the newest schema.
// Thread rule: that of the session.
#pragma once

#include <filesystem>
#include <span>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"
#include "soci/ground/migration.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

// Applies what is missing, each migration in one transaction with its row in schema_migration, then analyzes.
// Errors: conflict "store-newer", corrupt "store-changed", and those of SqliteSession::write.
Result<void> migrate(SqliteSession& session, const std::filesystem::path& path, std::span<const Migration> migrations,
                     Timestamp now);

// How many of them the store has. Changes nothing. Errors: as above, and those of SqliteSession::read.
Result<std::size_t> applied_migrations(SqliteSession& session, const std::filesystem::path& path,
                                       std::span<const Migration> migrations);

Error newer_schema(const std::filesystem::path& path, std::int64_t theirs, std::int64_t ours);

}  // namespace backupctl::soci
