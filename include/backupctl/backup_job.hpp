// A backup job: what may be backed up, by whom, where to and how long it is kept. The job service owns it; the
// controller reads one version of it for each check and never changes it.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"
#include "backupctl/time.hpp"

namespace backupctl {

enum class ApprovalState { draft, submitted, approved, denied, suspended, retired };
std::string_view to_string(ApprovalState state);  // "Draft" … as in JSON
std::optional<ApprovalState> parse_approval_state(std::string_view text);

// One immutable version of a job. (id, version) names it for ever: requests and backups refer to it.
struct BackupJob {
  JobId id;
  std::int64_t version = 1;
  std::string name;
  std::string description{};
  std::string owner_id{};
  ApprovalState approval = ApprovalState::draft;
  ZoneName zone;
  std::string storage_path;                  // where in the zone, relative, chosen by the job's owner
  std::int64_t days_to_keep = 0;             // from the data as-of date; what leaves the calendar is kept for ever
  std::optional<CivilDate> in_force_from{};  // first and last UTC day on which requests are allowed; absent: no bound
  std::optional<CivilDate> in_force_to{};
  std::vector<std::string> allowed_requesters{};  // owner names; nobody else may ask
  std::vector<std::string> source_roots{};        // a source must be one of these or lie beneath one
  std::int64_t minimum_backups = 0;
  std::string expected_every{};
  std::vector<std::string> notify{};

  friend bool operator==(const BackupJob&, const BackupJob&) = default;
};

}  // namespace backupctl
