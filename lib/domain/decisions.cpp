#include "domain/decisions.hpp"

#include <algorithm>
#include <utility>

#include "domain/admission.hpp"

namespace backupctl {
namespace {

// A change of `request` in the making: the next revision, with times that never run backwards.
struct Draft {
  Transition transition;
  Timestamp now;

  Draft(const BackupRequest& request, Timestamp wall)
      : transition{request.progress, {}, {}}, now(std::max(wall, latest_time(request))) {
    ++transition.next.revision;
  }
  RequestProgress& next() { return transition.next; }

  void enter(RequestState state, std::string reason, std::string detail = {}) {
    next().state = state;
    next().reason = std::move(reason);
    transition.history.push_back({state, now, std::move(detail)});
    if (is_terminal(state)) end();
  }
  void end() {
    next().owner.reset();
    next().next_action.reset();
    next().last_error.clear();
  }
  // The answer has long gone to the caller, or never will: initial processing has ended by now.
  void responded_by_now() {
    if (!next().responded) next().responded = now;
  }
};

bool is_same_backup(const Backup& backup, const ZoneResult& result) {
  return backup.zone == result.zone && backup.storage_path == result.storage_path &&
         backup.byte_count == result.byte_count && backup.verify_hash == result.verify_hash;
}

Backup backup_of(const BackupRequest& request, const ResultRead& event) {
  const auto& terms = *request.progress.terms;
  const auto& result = event.result;
  return Backup{.id = event.new_backup_id,
                .request_id = request.order.id,
                .job_id = request.order.job_id,
                .zone = result.zone,
                .data_as_of = request.order.data_as_of,
                .storage_path = result.storage_path,
                .byte_count = result.byte_count,
                .copy_start = result.copy_start,
                .copy_end = result.copy_end,
                .verify_start = result.verify_start,
                .verify_end = result.verify_end,
                .verify_hash = result.verify_hash,
                .job_version = terms.job_version,
                .days_to_keep = terms.days_to_keep,
                .due_to_delete = request.order.data_as_of.plus_days(terms.days_to_keep)};
}

}  // namespace

Timestamp latest_time(const BackupRequest& request) {
  const auto& p = request.progress;
  auto latest = request.order.received;
  for (const auto& time : {p.checked, p.responded, p.sent, p.result_received, p.result_recorded, p.cancel_asked}) {
    if (time) latest = std::max(latest, *time);
  }
  return latest;
}

void release(RequestProgress& progress, Timestamp at) {
  progress.owner.reset();
  progress.next_action = at;
}

RequestProgress received(const BackupOrder& order, std::optional<InstanceId> owner) {
  RequestProgress progress;
  progress.fence = owner ? 1 : 0;
  progress.check_attempts = owner ? 1 : 0;
  progress.owner = std::move(owner);
  if (!progress.owner) progress.next_action = order.received;
  return progress;
}

std::vector<HistoryEntry> received_history(const BackupOrder& order) {
  return {{RequestState::received, order.received, {}}};
}

RequestProgress without_intent(RequestProgress progress, Timestamp next_action, std::string why) {
  progress.send_attempts = std::max<std::int64_t>(0, progress.send_attempts - 1);
  progress.last_error = std::move(why);
  release(progress, next_action);
  return progress;
}

Decision decide(const BackupRequest& request, const JobAnswered& event, Timestamp now) {
  if (request.progress.state != RequestState::received) return {};
  Draft draft(request, now);
  auto& next = draft.next();
  next.checked = draft.now;
  next.last_error.clear();
  if (auto reason = reason_not_allowed(event.job, request.order)) {
    draft.enter(RequestState::not_allowed, std::move(*reason), event.detail);
    return std::move(draft.transition);
  }
  next.terms = AllowedTerms{event.job->version, event.job->zone, event.job->storage_path, event.job->days_to_keep};
  draft.enter(RequestState::allowed, {}, event.detail);
  release(next, draft.now);
  if (event.sender) {
    ++next.send_attempts;
    next.owner = event.sender;
    next.next_action.reset();
  }
  return std::move(draft.transition);
}

Decision decide(const BackupRequest& request, const CheckFailed& event, Timestamp now) {
  if (request.progress.state != RequestState::received) return {};
  Draft draft(request, now);
  if (event.retry_at) {
    draft.next().last_error = event.detail;
    draft.responded_by_now();
    release(draft.next(), *event.retry_at);
  } else {
    draft.responded_by_now();
    draft.enter(RequestState::cancelled, "check-unavailable", event.detail);
  }
  return std::move(draft.transition);
}

Decision decide(const BackupRequest& request, const Responded&, Timestamp now) {
  if (request.progress.responded) return {};
  Draft draft(request, now);
  draft.next().responded = draft.now;
  return std::move(draft.transition);
}

Decision decide(const BackupRequest& request, const SendAccepted& event, Timestamp now) {
  if (request.progress.state != RequestState::allowed) return {};
  Draft draft(request, now);
  auto& next = draft.next();
  draft.responded_by_now();
  next.sent = draft.now;
  next.result_due = event.due;
  next.last_error.clear();
  draft.enter(RequestState::sent, {});
  release(next, next.cancel_asked ? draft.now : event.due);
  return std::move(draft.transition);
}

Decision decide(const BackupRequest& request, const SendRefused& event, Timestamp now) {
  if (request.progress.state != RequestState::allowed && request.progress.state != RequestState::sent) return {};
  Draft draft(request, now);
  draft.responded_by_now();
  if (request.progress.state == RequestState::allowed) {
    draft.next().sent = draft.now;
    draft.enter(RequestState::sent, {});
  }
  // The refusal is the result: what comes later must not be recorded as earlier than this.
  draft.next().result_received = draft.now;
  draft.next().result_recorded = draft.now;
  draft.enter(RequestState::failed, "refused-by-zone", event.detail);
  return std::move(draft.transition);
}

Decision decide(const BackupRequest& request, const SendDelayed& event, Timestamp now) {
  if (request.progress.state != RequestState::allowed) return {};
  Draft draft(request, now);
  draft.responded_by_now();
  draft.next().last_error = event.detail;
  release(draft.next(), event.retry_at);
  return std::move(draft.transition);
}

Decision decide(const BackupRequest& request, const FollowUp& event, Timestamp now) {
  if (request.progress.state != RequestState::sent) return {};
  Draft draft(request, now);
  if (event.sent_again) {
    ++draft.next().send_attempts;
    draft.next().result_due = event.at;
  }
  draft.next().last_error = event.detail;
  release(draft.next(), event.at);
  return std::move(draft.transition);
}

Decision decide(const BackupRequest& request, const CancelAsked& event, Timestamp now) {
  const auto& progress = request.progress;
  if (is_terminal(progress.state) || progress.cancel_asked) return {};
  Draft draft(request, now);
  auto& next = draft.next();
  next.cancel_asked = draft.now;
  if (progress.state == RequestState::received || progress.send_attempts == 0) {
    draft.responded_by_now();
    draft.enter(RequestState::cancelled, "cancelled-on-request", event.detail);
  } else if (!progress.owner) {
    release(next, draft.now);  // whoever takes it up next tells the zone
  }
  return std::move(draft.transition);
}

ResultDecision decide(const BackupRequest& request, const std::optional<Backup>& backup, const ResultRead& event,
                      Timestamp now) {
  const auto& progress = request.progress;
  const auto& result = event.result;
  if (progress.send_attempts == 0) return ParkIt{"not-sent"};
  if (!progress.terms || progress.terms->zone != result.zone) return ParkIt{"wrong-zone"};

  if (backup) {
    const bool other_success = result.code == ResultCode::succeeded && !is_same_backup(*backup, result);
    if (other_success) return ParkIt{"conflicting-result"};
    return AlreadyRecorded{};
  }
  const bool ended = is_terminal(progress.state);
  if (ended && result.code != ResultCode::succeeded) return AlreadyRecorded{};

  Draft draft(request, now);
  auto& next = draft.next();
  draft.responded_by_now();
  if (!next.sent) {
    next.sent = draft.now;
    draft.enter(RequestState::sent, {}, "inferred from the zone's result");
  }
  next.result_received = draft.now;
  next.result_recorded = draft.now;
  switch (result.code) {
    case ResultCode::succeeded:
      draft.enter(RequestState::succeeded, {}, ended ? "the zone's success came late" : "");
      next.backup_id = event.new_backup_id;
      draft.transition.backup = backup_of(request, event);
      break;
    case ResultCode::failed:
      draft.enter(RequestState::failed, result.reason_code.empty() ? "failed" : result.reason_code, result.message);
      break;
    case ResultCode::cancelled:
      draft.enter(RequestState::cancelled, result.reason_code.empty() ? "cancelled" : result.reason_code,
                  result.message);
      break;
  }
  return std::move(draft.transition);
}

}  // namespace backupctl
