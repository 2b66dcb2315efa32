#include "soci/rows/backup_row.hpp"

namespace backupctl::soci {

void BackupRow::set(const Backup& backup) {
  id = backup.id.to_string();
  request_id = backup.request_id.to_string();
  job_id = backup.job_id.to_string();
  zone = backup.zone.str();
  state = to_string(backup.state);
  data_as_of = backup.data_as_of.to_string();
  storage_path = backup.storage_path;
  byte_count = backup.byte_count;
  copy_start.set(to_integer(backup.copy_start));
  copy_end.set(to_integer(backup.copy_end));
  verify_start.set(to_integer(backup.verify_start));
  verify_end.set(to_integer(backup.verify_end));
  verify_hash = backup.verify_hash;
  job_version = backup.job_version;
  days_to_keep = backup.days_to_keep;
  due_to_delete.set(backup.due_to_delete ? std::optional(backup.due_to_delete->to_string()) : std::nullopt);
}

Backup BackupRow::backup() const {
  Backup backup{.id = stored(BackupId::parse(id), "backup_id"),
                .request_id = stored(RequestId::parse(request_id), "backup_request_id"),
                .job_id = stored(JobId::parse(job_id), "backup_job_id"),
                .zone = stored(ZoneName::parse(zone), "zone"),
                .state = stored(parse_backup_state(state), "state_code"),
                .data_as_of = stored(CivilDate::parse(data_as_of), "data_as_of_date"),
                .storage_path = storage_path,
                .byte_count = byte_count,
                .copy_start = to_time(copy_start),
                .copy_end = to_time(copy_end),
                .verify_start = to_time(verify_start),
                .verify_end = to_time(verify_end),
                .verify_hash = verify_hash,
                .job_version = job_version,
                .days_to_keep = days_to_keep,
                .version_of_date = version_of_date,
                .newest_of_date = newest_of_date != 0};
  if (!due_to_delete.is_null())
    backup.due_to_delete = stored(CivilDate::parse(due_to_delete.value), "due_to_delete_date");
  return backup;
}

}  // namespace backupctl::soci
