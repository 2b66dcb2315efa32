#include "contract/postgresql_store.hpp"
#include "contract/result_store_contract.hpp"

namespace backupctl::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Postgresql, ResultStoreContract,
                         ::testing::Values(ResultEngine{"Postgresql", [] { return cluster().url(new_schema()); }}));

}  // namespace
}  // namespace backupctl::testing
