#include "backupctl/soci/store.hpp"
#include "contract/result_store_contract.hpp"
#include "integration/support/temp_dir.hpp"

namespace backupctl::testing {
namespace {

std::string new_sqlite_url() {
  static const TempDir folder;
  static int number = 0;
  return "sqlite://" + (folder.path() / (std::to_string(++number) + ".db")).string();
}
INSTANTIATE_TEST_SUITE_P(Sqlite, ResultStoreContract, ::testing::Values(ResultEngine{"Sqlite", new_sqlite_url}));

TEST(ResultStores, AreNotTheStoresOfOtherProducts) {
  const auto url = new_sqlite_url();
  ASSERT_TRUE(soci::open_results(url));
  EXPECT_EQ(soci::open_blocking(url).error().code, "store-other-product");
}

}  // namespace
}  // namespace backupctl::testing
