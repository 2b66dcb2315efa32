// A result store in a SQLite file.
#pragma once

#include <filesystem>

#include "backupctl/soci/result_store.hpp"

namespace backupctl::soci {

Result<std::unique_ptr<ResultStore>> open_sqlite_results(const std::filesystem::path& path, Timestamp now);

}  // namespace backupctl::soci
