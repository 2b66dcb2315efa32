// Writes a group of the port's Commands into the transaction that is under way.
// Thread rule: that of the session.
#pragma once

#include <span>

#include "backupctl/repository.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

// A failed guard leaves nothing behind. Throws what SOCI throws, and CorruptRow; the transaction is then of no use.
void write_commands(SqliteSession& session, std::span<const Command> commands, std::span<Outcome> outcomes);

}  // namespace backupctl::soci
