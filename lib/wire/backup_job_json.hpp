// Backup jobs in JSON, as the job service answers them.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "backupctl/backup_job.hpp"
#include "backupctl/result.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::wire {

// A peer's answer: members that we do not know are ignored.
// Errors, all invalid, by code: malformed-json, invalid-request.
Result<BackupJob> read_backup_job(std::string_view text);
// `pending_version`: a newer version that waits for approval.
void write_backup_job(JsonWriter& out, const BackupJob& job, const std::optional<std::int64_t>& pending_version = {});

}  // namespace backupctl::wire
