#include "soci/sqlite/command_writer.hpp"

#include "soci/sqlite/audit_statements.hpp"
#include "soci/sqlite/job_version.hpp"
#include "soci/sqlite/notice_statements.hpp"
#include "soci/sqlite/request_statements.hpp"
#include "soci/sqlite/result_statements.hpp"

namespace backupctl::soci {

namespace {

Outcome answer(OutcomeStatus status) { return {status, {}, false, {}}; }
Outcome applied_if(bool changed) { return answer(changed ? OutcomeStatus::applied : OutcomeStatus::already_done); }

// The progress to write, given what places the zone has left.
const RequestProgress& choose(SqliteSession& session, const RequestProgress& next,
                              const std::optional<SendPlace>& place, bool& no_place) {
  if (!place) return next;
  const auto places = zone_places(session, place->zone);
  no_place = places.paused || places.taken >= place->max_in_flight;
  return no_place ? place->otherwise : next;
}

Outcome write(SqliteSession& session, const AdmitRequest& command) {
  const auto& order = command.request.order;
  bool no_place = false;
  const auto& progress = choose(session, command.request.progress, command.place, no_place);
  if (!insert_request(session, order, progress)) {
    if (auto same = find_request(session, order.id)) return {OutcomeStatus::already_done, std::move(same), false, {}};
    return {OutcomeStatus::lost_guard, find_request(session, order.requester, order.key.value()), false, {}};
  }
  for (const auto& entry : command.history) append_history(session, order.id, entry);
  if (command.job_version) keep_job_version(session, *command.job_version);
  if (command.backup) put_backup(session, *command.backup);
  if (command.adopted) remove_parked(session, *command.adopted);
  keep_notice(session, command.notice);
  append_audit(session, command.audit);
  return {OutcomeStatus::applied, BackupRequest{order, progress}, no_place, {}};
}

Outcome write(SqliteSession& session, const ChangeRequest& command) {
  bool no_place = false;
  const auto& progress = choose(session, command.next, command.place, no_place);
  const bool gone = command.recorded && !is_waiting(session, *command.recorded);
  auto order = gone ? std::nullopt : update_request(session, command.id, command.from, progress);
  if (!order) {
    auto current = find_request(session, command.id);
    const bool done = current && (current->progress == command.next ||
                                  (command.place && current->progress == command.place->otherwise));
    return {done ? OutcomeStatus::already_done : OutcomeStatus::lost_guard, std::move(current), false, {}};
  }
  for (const auto& entry : command.history) append_history(session, command.id, entry);
  if (command.job_version) keep_job_version(session, *command.job_version);
  if (command.backup) put_backup(session, *command.backup);
  if (command.recorded) remove_result(session, *command.recorded);
  if (command.adopted) remove_parked(session, *command.adopted);
  keep_notice(session, command.notice);
  append_audit(session, command.audit);
  return {OutcomeStatus::applied, BackupRequest{*std::move(order), progress}, no_place, {}};
}

Outcome write(SqliteSession& session, const KeepResult& command) {
  return applied_if(insert_result(session, command.record));
}

Outcome write(SqliteSession& session, const SettleResult& command) {
  if (!remove_result(session, command.key)) return answer(OutcomeStatus::already_done);
  if (command.parked && !insert_parked(session, *command.parked)) return answer(OutcomeStatus::applied);
  keep_notice(session, command.notice);
  append_audit(session, command.audit);
  return answer(OutcomeStatus::applied);
}

Outcome write(SqliteSession& session, const Park& command) {
  if (!insert_parked(session, command.parked)) return answer(OutcomeStatus::already_done);
  keep_notice(session, command.notice);
  return answer(OutcomeStatus::applied);
}

Outcome write(SqliteSession& session, const DismissParked& command) {
  if (!remove_parked(session, command.id)) return answer(OutcomeStatus::already_done);
  append_audit(session, command.audit);
  return answer(OutcomeStatus::applied);
}

Outcome write(SqliteSession& session, const PauseZone& command) {
  if (!set_paused(session, command.zone, command.paused)) return answer(OutcomeStatus::already_done);
  append_audit(session, command.audit);
  return answer(OutcomeStatus::applied);
}

Outcome write(SqliteSession& session, const WriteAudit& command) {
  append_audit(session, {command.entry});
  return answer(OutcomeStatus::applied);
}

Outcome write(SqliteSession& session, const TieAudit& command) { return applied_if(tie_audit(session, command)); }

Outcome write(SqliteSession& session, const SettleNotice& command) {
  return applied_if(settle_notice(session, command));
}

}  // namespace

Outcome write_command(SqliteSession& session, const Command& command) {
  return std::visit([&](const auto& one) { return write(session, one); }, command);
}

}  // namespace backupctl::soci
