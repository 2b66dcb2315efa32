// May this job's data be backed up for this caller? The rules of a job, asked once for each request.
#pragma once

#include <optional>
#include <string>

#include "backupctl/backup_job.hpp"
#include "backupctl/backup_request.hpp"

namespace backupctl {

// Nothing: allowed. Else why not, in words for the requester. `job` absent: the job service knows no such job.
// A job is in force from the start of its first to the end of its last day (UTC), compared with the day of receipt.
std::optional<std::string> reason_not_allowed(const std::optional<BackupJob>& job, const BackupOrder& order);

}  // namespace backupctl
