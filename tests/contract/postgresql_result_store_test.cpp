#include "contract/postgresql_store.hpp"
#include "contract/result_store_contract.hpp"

namespace backupctl::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Postgresql, ResultStoreContract,
                         ::testing::Values(ResultEngine{"Postgresql", [] { return cluster().url(new_schema()); }}));

TEST(PostgresqlResultStore, IsOpenedLaterWhenTheServerIsAway) {
  const auto url = cluster().url(new_schema());
  cluster().stop();
  EXPECT_FALSE(soci::open_results(url));
  const auto results = soci::open_results(url, true).value();
  const soci::LeftResult left{.command_id = "c", .zone = "files", .body = "{}"};
  EXPECT_TRUE(results->put(left).error().retryable);
  cluster().start();
  EXPECT_TRUE(results->oldest(10).value().empty());
  EXPECT_TRUE(results->put(left));
  EXPECT_EQ(results->oldest(10).value().size(), 1u);
}

}  // namespace
}  // namespace backupctl::testing
