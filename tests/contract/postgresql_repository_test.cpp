// The contract over PostgreSQL, and what only PostgreSQL has: a server that others use too, locks of rows, plans.
#include <thread>

#include "backupctl/testing/repository_contract.hpp"
#include "integration/support/postgresql_cluster.hpp"
#include "soci/ground/store_url.hpp"
#include "soci/postgresql/repository.hpp"

namespace backupctl::testing {
namespace {

using soci::PostgresqlRepository;

PostgresqlCluster& cluster() {
  static PostgresqlCluster one(PostgresqlCluster::Sync::off);
  return one;
}

std::string new_schema() {
  static int count = 0;
  return "store_" + std::to_string(++count);
}

std::unique_ptr<PostgresqlRepository> open(const std::string& schema) {
  const auto url = std::get<soci::PostgresqlUrl>(soci::parse_store_url(cluster().url(schema)).value());
  return PostgresqlRepository::open(url, {.server_clock = false}, Timestamp{}).value();
}

// Without a server there is no store: the suite's tests are left out by main().
const RepositoryFactory factory{"Postgresql", [] { return open(new_schema()); }};
INSTANTIATE_TEST_SUITE_P(Postgresql, RepositoryContract, ::testing::Values(factory));

}  // namespace
}  // namespace backupctl::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  using backupctl::testing::PostgresqlCluster;
  if (PostgresqlCluster::programs().empty()) {
    std::printf("PostgreSQL is not installed (package postgresql): %s\n",
                PostgresqlCluster::is_required() ? "these tests have to run here" : "skipped");
    return PostgresqlCluster::is_required() ? 1 : 0;
  }
  return RUN_ALL_TESTS();
}
