// Writes a group of the port's Commands into the transaction that is under way, in a few statements whatever its size.
// Thread rule: that of the session.
#pragma once

#include <set>
#include <span>
#include <utility>

#include "backupctl/repository.hpp"
#include "soci/ground/postgresql_session.hpp"

namespace backupctl::soci::postgresql {

using JobVersions = std::set<std::pair<JobId, std::int64_t>>;

// A failed guard leaves nothing of its Command behind. Throws what SOCI throws, and CorruptRow; the transaction is then
// of no use. `known`: versions that the store is known to have; those that were written are added, and known only once
// the transaction is committed.
void write_group(PostgresqlSession& session, std::span<const Command> commands, std::span<Outcome> outcomes,
                 JobVersions& known);

}  // namespace backupctl::soci::postgresql
