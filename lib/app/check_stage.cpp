#include "app/check_stage.hpp"

#include <algorithm>

#include "app/notices.hpp"
#include "app/retry_delay.hpp"

namespace backupctl::app {
namespace {

constexpr std::size_t most_versions_remembered = 10'000;

// What an allowed or refused request was decided on.
std::string inputs_of(const BackupOrder& order, const BackupJob* job) {
  std::string text;
  text.reserve(256);
  text.append("job ").append(order.job_id.to_string());
  if (job) {
    text.append(" version ").append(std::to_string(job->version)).append(" (").append(to_string(job->approval));
    text.append(", owner ").append(job->owner_id).append(", zone ").append(job->zone.str()).append(")");
  } else {
    text.append(" unknown to the job service");
  }
  text.append("; source ").append(order.source.str()).append(" as of ").append(order.data_as_of.to_string());
  return text.append(" by ").append(to_string(order.transport));
}

}  // namespace

void CheckStage::check(BackupRequest row, WhenUnavailable when_unavailable, Handler<Checked> done,
                       std::shared_ptr<const bool> is_void) {
  ++under_way_;
  const CallContext asking{row.order.id, row.order.traceparent};
  const auto job_id = row.order.job_id;
  jobs_.read(job_id, asking,
             [this, row = std::move(row), when_unavailable, done = std::move(done),
              is_void = std::move(is_void)](SharedJobAnswer answer) mutable {
               if (is_void && *is_void) {
                 --under_way_;
                 return done({});
               }
               const auto fence = row.progress.fence;
               std::optional<Error> error;
               if (!answer->job) error = answer->job.error();
               auto decider = [this, fence, answer = std::move(answer),
                               when_unavailable](const BackupRequest& now) -> std::optional<ChangeRequest> {
                 if (now.progress.owner != context_.self() || now.progress.fence != fence) return {};
                 const auto& job = answer->job;
                 if (job) return decide_answer(now, *job ? &**job : nullptr, answer->asked_for);
                 CheckFailed failed{"job service: " + job.error().detail, {}};
                 const bool in_time = context_.now() < now.order.received + context_.options().check_give_up_after;
                 if (when_unavailable == WhenUnavailable::try_again_later && in_time) {
                   const auto& options = context_.options();
                   failed.retry_at =
                       context_.now() + retry_delay(now.progress.check_attempts, options.first_retry_delay,
                                                    options.max_retry_delay, context_.random());
                 }
                 auto decision = decide(now, failed, context_.now());
                 return decision ? std::optional(change_of(now, std::move(*decision))) : std::nullopt;
               };
               amender_.amend(std::move(row), std::move(decider),
                              [this, fence, error = std::move(error), done = std::move(done)](Amended amended) {
                                --under_way_;
                                on_written(std::move(amended), fence, error, done);
                              });
             });
}

std::optional<ChangeRequest> CheckStage::decide_answer(const BackupRequest& row, const BackupJob* job,
                                                       RequestId asked_for) {
  JobAnswered event{job ? std::optional(*job) : std::nullopt, {}, {}};
  if (asked_for != row.order.id) event.detail = "checked with the call made for request " + asked_for.to_string();
  auto* lane = job ? find_lane_(job->zone) : nullptr;
  if (lane && lane->may_send_fresh()) event.sender = context_.self();
  auto decision = decide(row, event, context_.now());
  if (!decision) return {};
  auto change = change_of(row, std::move(*decision));
  const bool allowed = change.next.state == RequestState::allowed;
  change.audit = {context_.audit(row.order.requester.str(),
                                 allowed ? "backup-request-allowed" : "backup-request-not-allowed",
                                 "backup-request:" + row.order.id.to_string(),
                                 (allowed ? "" : change.next.reason + "; ") + inputs_of(row.order, job))};
  if (!allowed) {
    change.notice = notice_of(context_, row, change.next);
    if (change.notice && job) change.notice->addresses = job->notify;
    return change;
  }
  if (!stored_versions_.contains({job->id, job->version})) change.job_version = *job;
  if (event.sender) {
    change.place =
        SendPlace{job->zone, lane->zone().max_in_flight,
                  without_intent(change.next, context_.now(), "waits for a free place in zone " + job->zone.str())};
  } else if (!lane) {
    change.next.last_error = "zone " + job->zone.str() + " is not configured at this controller";
  }
  return change;
}

void CheckStage::on_written(Amended amended, std::int64_t fence, std::optional<Error> error,
                            const Handler<Checked>& done) {
  hand_back_if_mine(context_, committer_, amended, fence);
  if (!amended.row || amended.kind != Amended::Kind::written) return done({std::move(amended.row), std::move(error)});
  auto& row = *amended.row;
  if (row.progress.terms) {
    if (stored_versions_.size() >= most_versions_remembered) stored_versions_.clear();
    stored_versions_.insert({row.order.job_id, row.progress.terms->job_version});
  }
  context_.reach("answer", false);
  // The answer goes out now; the time is kept with the next step that is written anyway.
  const bool answered_before = row.progress.responded.has_value();
  if (!answered_before) row.progress.responded = std::max(context_.now(), latest_time(row));
  done({row, std::move(error)});
  context_.reach("answer", true);
  hand_on(std::move(row), answered_before, amended.no_place, fence);
}

// `row` is the one just written, with the time of its answer.
void CheckStage::hand_on(BackupRequest row, bool answered_before, bool no_place, std::int64_t fence) {
  if (row.progress.state == RequestState::not_allowed) {
    if (answered_before) return;  // when no check was possible
    auto decider = [time = *row.progress.responded](const BackupRequest& now) -> std::optional<ChangeRequest> {
      auto decision = decide(now, Responded{}, time);
      return decision ? std::optional(change_of(now, std::move(*decision))) : std::nullopt;
    };
    row.progress.responded.reset();  // not written yet
    return amender_.amend(std::move(row), std::move(decider), [](const Amended&) {});
  }
  if (row.progress.state != RequestState::allowed) return;
  auto* lane = find_lane_(row.progress.terms->zone);
  // Perhaps another controller can send it, or will be the first to know of a free place.
  if (!row.progress.owner && (!lane || no_place || !lane->breaker().is_closed())) {
    context_.repository().announce_work();
  }
  if (!lane) return;
  if (row.progress.owner == context_.self()) {
    // Under another fence a round has claimed it meanwhile, and sends it.
    if (row.progress.fence == fence) lane->send(std::move(row));
    return;
  }
  if (no_place) lane->note_backlog(true);
  lane->remember_answered(row);
}

}  // namespace backupctl::app
