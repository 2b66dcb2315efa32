// The contract over PostgreSQL.
#include <cstdio>

#include "backupctl/testing/repository_contract.hpp"
#include "contract/postgresql_store.hpp"

namespace backupctl::testing {
namespace {

const RepositoryFactory factory{"Postgresql", [] { return open_store(new_schema()); }};
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
