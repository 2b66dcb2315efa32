#include "wire/backup_json.hpp"

namespace backupctl::wire {

void write_backup(JsonWriter& out, const Backup& backup) {
  out.begin_object()
      .member("backupId", backup.id)
      .member("backupRequestId", backup.request_id)
      .member("backupJobId", backup.job_id)
      .member("zone", backup.zone)
      .member("stateCode", to_string(backup.state))
      .member("dataAsOfDate", backup.data_as_of)
      .member("backupStoragePath", backup.storage_path)
      .member("byteCount", backup.byte_count)
      .member("copyStartTime", backup.copy_start)
      .member("copyEndTime", backup.copy_end)
      .member("verifyStartTime", backup.verify_start)
      .member("verifyEndTime", backup.verify_end)
      .member_if_filled("verifyHash", backup.verify_hash)
      .member("jobVersion", backup.job_version)
      .member("daysToKeep", backup.days_to_keep)
      .member("dueToDeleteDate", backup.due_to_delete)
      .member("versionOfDate", backup.version_of_date)
      .member("newestOfDate", backup.newest_of_date)
      .key("holds")
      .begin_array()
      .end_array()
      .end_object();
}

}  // namespace backupctl::wire
