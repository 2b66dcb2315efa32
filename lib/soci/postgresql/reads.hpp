// The reads of the port, each on one session. All throw what SOCI throws, and CorruptRow.
// Thread rule: that of the session.
#pragma once

#include <optional>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/postgresql_session.hpp"

namespace backupctl::soci::postgresql {

std::vector<BackupRequest> select_requests(PostgresqlSession& session, const RequestQuery& query);
std::vector<HistoryEntry> select_history(PostgresqlSession& session, RequestId id);
std::optional<Backup> select_backup(PostgresqlSession& session, BackupId id);
std::vector<Backup> select_backups(PostgresqlSession& session, const BackupQuery& query);
std::vector<ResultRecord> select_results(PostgresqlSession& session, std::int64_t limit);
std::vector<ParkedResult> select_parked(PostgresqlSession& session, const ParkedQuery& query);
DueWork select_due(PostgresqlSession& session, const DueQuery& query);
// With the server's clock, controllers that have not beaten for a minute are left out: nobody may be there to find them
// dead.
StoreSurvey select_survey(PostgresqlSession& session, Timestamp now, bool server_clock);

}  // namespace backupctl::soci::postgresql
