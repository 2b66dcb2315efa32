// A backup as a row of backup, the same in every engine.
// Thread rule: that of the statement it is bound to.
#pragma once

#include "backupctl/backup.hpp"
#include "soci/rows/column.hpp"

namespace backupctl::soci {

// Of a row of backup: 1 when there is no newer one of its date, else 0. To compare with the max() of all of that date
// takes PostgreSQL three times as long.
inline constexpr std::string_view is_newest_of_date =
    "CASE WHEN EXISTS (SELECT 1 FROM backup AS newer WHERE newer.backup_job_id = backup.backup_job_id"
    " AND newer.data_as_of_date = backup.data_as_of_date AND newer.version_of_date > backup.version_of_date)"
    " THEN 0 ELSE 1 END";

struct BackupRow {
  std::string id, request_id, job_id, zone, state, data_as_of, storage_path, verify_hash;
  std::int64_t byte_count = 0, job_version = 0, days_to_keep = 0;
  IntegerColumn copy_start, copy_end, verify_start, verify_end;
  TextColumn due_to_delete;

  // What the store adds, read only.
  std::int64_t version_of_date = 0, newest_of_date = 0;

  template <class F>
  void columns(F&& f) {
    f("backup_id", id);
    f("backup_request_id", request_id);
    f("backup_job_id", job_id);
    f("state_code", state);
    f("data_as_of_date", data_as_of);
    copy_columns(f);
    f("job_version", job_version);
    f("days_to_keep", days_to_keep);
    f("due_to_delete_date", due_to_delete);
  }

  // What is told of the copy itself.
  template <class F>
  void copy_columns(F&& f) {
    f("zone", zone);
    f("backup_storage_path", storage_path);
    f("byte_count", byte_count);
    f("copy_start_time", copy_start);
    f("copy_end_time", copy_end);
    f("verify_start_time", verify_start);
    f("verify_end_time", verify_end);
    f("verify_hash", verify_hash);
  }

  void set(const Backup& backup);
  Backup backup() const;  // throws CorruptRow
};

}  // namespace backupctl::soci
