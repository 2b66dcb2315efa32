#include "domain/import.hpp"

#include <algorithm>

namespace backupctl {
namespace {

Error not_adoptable(std::string why) { return {ErrorKind::conflict, std::move(why), false, "not-adoptable"}; }

Backup copy_of(const ZoneResult& result, Backup backup) {
  backup.zone = result.zone;
  backup.storage_path = result.storage_path;
  backup.byte_count = result.byte_count;
  backup.copy_start = result.copy_start;
  backup.copy_end = result.copy_end;
  backup.verify_start = result.verify_start;
  backup.verify_end = result.verify_end;
  backup.verify_hash = result.verify_hash;
  return backup;
}

Backup new_backup(const BackupOrder& order, const AllowedTerms& terms, const ZoneResult& result, BackupId id) {
  Backup backup{.id = id,
                .request_id = order.id,
                .job_id = order.job_id,
                .zone = result.zone,
                .data_as_of = order.data_as_of,
                .storage_path = {},
                .verify_hash = {},
                .job_version = terms.job_version,
                .days_to_keep = terms.days_to_keep,
                .due_to_delete = order.data_as_of.plus_days(terms.days_to_keep)};
  return copy_of(result, std::move(backup));
}

}  // namespace

ZoneResult result_of(const Manifest& manifest) {
  return {.command_id = manifest.backup_request_id,
          .code = ResultCode::succeeded,
          .zone = manifest.zone,
          .storage_path = manifest.storage_path,
          .byte_count = manifest.byte_count,
          .copy_end = manifest.copy_end,
          .verify_hash = manifest.verify_hash};
}

Imported import_backup(const Manifest& manifest, const BackupJob& job, const Adoption& adoption) {
  const auto now = adoption.now;
  BackupOrder order{.id = manifest.backup_request_id,
                    .job_id = manifest.job_id,
                    .source = manifest.source,
                    .data_as_of = manifest.data_as_of,
                    .requester = adoption.by,
                    .received = now};
  RequestProgress progress{.state = RequestState::succeeded,
                           .reason = "imported",
                           .checked = now,
                           .responded = now,
                           .sent = now,
                           .result_received = now,
                           .result_recorded = now};
  progress.terms = AllowedTerms{job.version, manifest.zone, job.storage_path, job.days_to_keep};
  progress.backup_id = adoption.new_backup_id;
  progress.send_attempts = 1;  // the zone has the command
  auto backup = new_backup(order, *progress.terms, result_of(manifest), adoption.new_backup_id);
  return {
      {std::move(order), std::move(progress)}, {{RequestState::succeeded, now, adoption.detail}}, std::move(backup)};
}

Result<Transition> adopt(const BackupRequest& request, const std::optional<Backup>& backup, const ZoneResult& result,
                         const Adoption& adoption) {
  if (result.code != ResultCode::succeeded) return not_adoptable("only a result Succeeded can be adopted");
  if (!request.progress.terms) return not_adoptable("its request was never allowed");
  Transition transition{request.progress, {}, {}};
  auto& next = transition.next;
  const auto now = std::max(adoption.now, latest_time(request));
  ++next.revision;
  next.result_recorded = now;
  if (backup) {
    transition.backup = copy_of(result, *backup);
  } else {
    if (next.state == RequestState::allowed) {
      transition.history.push_back({RequestState::sent, now, "inferred from the adopted result"});
    }
    for (auto* time : {&next.responded, &next.sent, &next.result_received}) {
      if (!*time) *time = now;
    }
    next.state = RequestState::succeeded;
    next.reason = "adopted";
    next.backup_id = adoption.new_backup_id;
    next.last_error.clear();
    next.owner.reset();
    next.next_action.reset();
    transition.backup = new_backup(request.order, *next.terms, result, adoption.new_backup_id);
  }
  transition.history.push_back({RequestState::succeeded, now, adoption.detail});
  return transition;
}

}  // namespace backupctl
