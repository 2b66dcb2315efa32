#include "backupctl/testing/memory_repository.hpp"

#include "backupctl/testing/repository_contract.hpp"

namespace backupctl::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, RepositoryContract,
                         ::testing::Values(RepositoryFactory{"Memory",
                                                             [] { return std::make_unique<MemoryRepository>(); }}));

}  // namespace
}  // namespace backupctl::testing
