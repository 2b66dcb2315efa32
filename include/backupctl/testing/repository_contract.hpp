// The rules that every Repository keeps, as a GoogleTest suite. Whoever implements the port runs it over the
// implementation, in one source file of a test program:
//
//   #include <backupctl/testing/repository_contract.hpp>
//
//   INSTANTIATE_TEST_SUITE_P(Tape, RepositoryContract,
//                            ::testing::Values(RepositoryFactory{"Tape", [] { return open_empty_tape_store(); }}));
//
// (inside namespace backupctl::testing). It also shows, rule by rule, what the port means.
#pragma once

#include "backupctl/testing/repository_contract_audit.hpp"
#include "backupctl/testing/repository_contract_claims.hpp"
#include "backupctl/testing/repository_contract_reads.hpp"
#include "backupctl/testing/repository_contract_writes.hpp"
