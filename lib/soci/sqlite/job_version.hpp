// Job versions that requests were checked under, kept for ever.
// Thread rule: that of the session.
#pragma once

#include "backupctl/backup_job.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

// Does nothing when this version of the job is there.
void keep_job_version(SqliteSession& session, const BackupJob& job);

}  // namespace backupctl::soci
