// A result store in a PostgreSQL schema.
#pragma once

#include "backupctl/soci/result_store.hpp"
#include "soci/ground/store_url.hpp"

namespace backupctl::soci {

Result<std::unique_ptr<ResultStore>> open_postgresql_results(const PostgresqlUrl& url, Timestamp now);

}  // namespace backupctl::soci
