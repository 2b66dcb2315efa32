// The statements that write results, parked results, backups, job versions and pauses in sets, each prepared once for
// its session. Thread rule: that of the session.
#pragma once

#include <set>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/postgresql_session.hpp"

namespace backupctl::soci::postgresql {

// Each answers whose rows were written or removed. No command or id twice in one call.
std::set<RequestId> insert_results(PostgresqlSession& session, const std::vector<const ResultRecord*>& records);
// Which of them wait. They stay so until the end of the transaction, unless it removes them itself.
std::set<RequestId> lock_results(PostgresqlSession& session, const std::vector<const ResultKey*>& keys);
std::set<RequestId> remove_results(PostgresqlSession& session, const std::vector<const ResultKey*>& keys);
// Not those that are parked already, for the same reason.
std::set<ParkedResultId> insert_parked(PostgresqlSession& session, const std::vector<const ParkedResult*>& parked);
std::set<ParkedResultId> remove_parked(PostgresqlSession& session, const std::vector<ParkedResultId>& ids);

// A new one is numbered after those of its job and date, which are locked for it until the end of the transaction; one
// that is there takes the particulars of this one's copy.
void put_backups(PostgresqlSession& session, const std::vector<const Backup*>& backups);

// Those that are there already stay as they are. No version twice in one call.
void keep_job_versions(PostgresqlSession& session, const std::vector<const BackupJob*>& versions);

bool set_paused(PostgresqlSession& session, const ZoneName& zone, bool paused);

}  // namespace backupctl::soci::postgresql
