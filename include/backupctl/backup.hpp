// A backup: a point-in-time copy that a zone holds; one row of the master store.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"
#include "backupctl/time.hpp"

namespace backupctl {

// Missing: the zone no longer has it.
enum class BackupState { stored, deleting, deleted, missing };
std::string_view to_string(BackupState state);
std::optional<BackupState> parse_backup_state(std::string_view text);

struct Backup {
  BackupId id;
  RequestId request_id;  // exactly one backup for a request
  JobId job_id;
  ZoneName zone;
  BackupState state = BackupState::stored;
  CivilDate data_as_of;
  std::string storage_path;  // as the zone named it; only the zone can read it
  std::int64_t byte_count = 0;
  std::optional<Timestamp> copy_start{};
  std::optional<Timestamp> copy_end{};
  std::optional<Timestamp> verify_start{};
  std::optional<Timestamp> verify_end{};
  std::string verify_hash{};  // "sha256:…"
  std::int64_t job_version = 0;
  std::int64_t days_to_keep = 0;
  std::optional<CivilDate> due_to_delete{};  // absent: kept for ever

  // Set by the store. Several backups of one job and date are numbered from 1 in the order they were recorded.
  std::int64_t version_of_date = 0;
  bool newest_of_date = true;

  friend bool operator==(const Backup&, const Backup&) = default;
};

}  // namespace backupctl
