// The statements that write results, parked results, backups and pauses, each prepared once for its session.
// Thread rule: that of the session. Each says whether it changed anything.
#pragma once

#include "backupctl/repository.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

bool insert_result(SqliteSession& session, const ResultRecord& record);
bool is_waiting(SqliteSession& session, const ResultKey& key);
bool remove_result(SqliteSession& session, const ResultKey& key);
// Not when the same result is parked already, for the same reason.
bool insert_parked(SqliteSession& session, const ParkedResult& parked);
bool remove_parked(SqliteSession& session, ParkedResultId id);
bool set_paused(SqliteSession& session, const ZoneName& zone, bool paused);
// A new one is numbered after those of its job and date; one that is there takes the particulars of this one's copy.
void put_backup(SqliteSession& session, const Backup& backup);

}  // namespace backupctl::soci
