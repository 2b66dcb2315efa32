// Empty stores on one PostgreSQL server of the test program's own. Thread rule: the thread of the tests.
#pragma once

#include <memory>
#include <string>

#include "integration/support/postgresql_cluster.hpp"
#include "soci/ground/store_url.hpp"
#include "soci/postgresql/repository.hpp"

namespace backupctl::testing {

inline PostgresqlCluster& cluster() {
  static PostgresqlCluster one(PostgresqlCluster::Sync::off);
  return one;
}

inline std::string new_schema() {
  static int count = 0;
  return "store_" + std::to_string(++count);
}

inline soci::PostgresqlUrl parsed_url(const std::string& url) {
  return std::get<soci::PostgresqlUrl>(soci::parse_store_url(url).value());
}

inline std::unique_ptr<soci::PostgresqlRepository> open_store(const std::string& schema) {
  return soci::PostgresqlRepository::open(parsed_url(cluster().url(schema)), {.server_clock = false}, Timestamp{})
      .value();
}

}  // namespace backupctl::testing
