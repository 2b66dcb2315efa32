// Taking into the master store what a zone holds or has reported, because a person says so: pure decisions.
#pragma once

#include <vector>

#include "backupctl/backup.hpp"
#include "backupctl/backup_job.hpp"
#include "backupctl/manifest.hpp"
#include "backupctl/result.hpp"
#include "domain/decisions.hpp"

namespace backupctl {

// Who decides so, and when.
struct Adoption {
  OwnerName by;
  std::string detail;      // for the history
  BackupId new_backup_id;  // used when there is no backup yet
  Timestamp now{};
};

// A backup whose request is not in the store (it was restored from an older copy): the request as it is written anew,
// Succeeded, asked for by whoever imports it, under the terms of the job as it is now.
struct Imported {
  BackupRequest request;
  std::vector<HistoryEntry> history;
  Backup backup;
};
Imported import_backup(const Manifest& manifest, const BackupJob& job, const Adoption& adoption);

// A result that the rules parked becomes the request's backup all the same, or the copy behind the backup it has.
// Errors: conflict, code not-adoptable — it is no success, or the request was never allowed.
Result<Transition> adopt(const BackupRequest& request, const std::optional<Backup>& backup, const ZoneResult& result,
                         const Adoption& adoption);

// What the zone would have reported for the backup that the manifest describes.
ZoneResult result_of(const Manifest& manifest);

}  // namespace backupctl
