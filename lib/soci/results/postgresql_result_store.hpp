// A result store in a PostgreSQL schema.
#pragma once

#include "backupctl/soci/result_store.hpp"
#include "soci/ground/store_url.hpp"

namespace backupctl::soci {

Result<std::unique_ptr<ResultStore>> open_postgresql_results(const PostgresqlUrl& url, Timestamp now,
                                                             bool wait_for_server);

}  // namespace backupctl::soci
