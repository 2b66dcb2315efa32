// Writes one Command of the port into the transaction that is under way.
// Thread rule: that of the session.
#pragma once

#include "backupctl/repository.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

// A failed guard leaves nothing behind. Throws what SOCI throws, and CorruptRow; the transaction is then of no use.
Outcome write_command(SqliteSession& session, const Command& command);

}  // namespace backupctl::soci
