// What callers send, and what they get.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/backup_job.hpp"
#include "backupctl/result.hpp"
#include "jobs/store.hpp"
#include "jobs/workflow.hpp"

namespace backupctl::jobs {

// The members of a job that callers write. Errors: invalid, `malformed-json` or `invalid-request` with every fault.
// With `id` (a change of that job) the members that we add to answers may be there, so that an answer can be edited and
// sent back; they are not looked at, but for backupJobId, which must be `id`. Without, the result's id is nil.
Result<BackupJob> read_job_document(std::string_view text, const std::optional<JobId>& id);

struct ActionOrder {
  std::int64_t version;
  std::string comment;
};
// {"version":3,"comment":"…"}; the comment may be absent. Errors as above.
Result<ActionOrder> read_action_order(std::string_view text);

// "1d" to "366d", "weekdays", "week", "month-end" or "month". Errors: invalid.
Result<std::string> parse_expected_every(std::string_view text);

std::string job_json(const JobVersion& version, const std::optional<std::int64_t>& pending_version);
std::string job_list_json(const JobPage& page);
std::string history_json(const std::vector<HistoryEntry>& entries);

}  // namespace backupctl::jobs
