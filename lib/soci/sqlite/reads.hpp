// The reads of the port, each on one session. All throw what SOCI throws, and CorruptRow.
// Thread rule: that of the session.
#pragma once

#include <optional>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

std::vector<BackupRequest> select_requests(SqliteSession& session, const RequestQuery& query);
std::vector<HistoryEntry> select_history(SqliteSession& session, RequestId id);
std::optional<Backup> select_backup(SqliteSession& session, BackupId id);
std::vector<Backup> select_backups(SqliteSession& session, const BackupQuery& query);
std::vector<ResultRecord> select_results(SqliteSession& session, std::int64_t limit);
std::vector<ParkedResult> select_parked(SqliteSession& session, const ParkedQuery& query);
DueWork select_due(SqliteSession& session, const DueQuery& query);
StoreSurvey select_survey(SqliteSession& session, Timestamp now);

}  // namespace backupctl::soci
