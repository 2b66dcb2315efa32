#include "app/check_stage.hpp"

#include <algorithm>

#include "app/retry_delay.hpp"

namespace backupctl::app {
namespace {

constexpr std::size_t most_versions_remembered = 10'000;

}  // namespace

void CheckStage::check(BackupRequest row, WhenUnavailable when_unavailable, Handler<Checked> done,
                       std::shared_ptr<const bool> is_void) {
  ++under_way_;
  const CallContext asking{row.order.id, row.order.traceparent};
  const auto job_id = row.order.job_id;
  jobs_.read(
      job_id, asking,
      [this, row = std::move(row), when_unavailable, done = std::move(done),
       is_void = std::move(is_void)](const JobAnswer& answer) {
        if (is_void && *is_void) {
          --under_way_;
          return done({});
        }
        const auto fence = row.progress.fence;
        std::optional<Error> error;
        if (!answer.job) error = answer.job.error();
        auto decider = [this, fence, answer,
                        when_unavailable](const BackupRequest& now) -> std::optional<ChangeRequest> {
          if (now.progress.owner != context_.self() || now.progress.fence != fence) return {};
          if (answer.job) return decide_answer(now, *answer.job ? &**answer.job : nullptr, answer.asked_for);
          CheckFailed failed{"job service: " + answer.job.error().detail, {}};
          const bool in_time = context_.now() < now.order.received + context_.options().check_give_up_after;
          if (when_unavailable == WhenUnavailable::try_again_later && in_time) {
            const auto& options = context_.options();
            failed.retry_at = context_.now() + retry_delay(now.progress.check_attempts, options.first_retry_delay,
                                                           options.max_retry_delay, context_.random());
          }
          auto decision = decide(now, failed, context_.now());
          return decision ? std::optional(change_of(now, std::move(*decision))) : std::nullopt;
        };
        amender_.amend(row, std::move(decider), [this, fence, error = std::move(error), done](const Amended& amended) {
          --under_way_;
          on_written(amended, fence, error, done);
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
  if (change.next.state != RequestState::allowed) return change;
  if (!stored_versions_.contains({job->id, job->version})) change.job_version = *job;
  if (change.next.owner) {
    change.place =
        SendPlace{job->zone, lane->zone().max_in_flight,
                  without_intent(change.next, context_.now(), "waits for a free place in zone " + job->zone.str())};
  } else if (!lane) {
    change.next.last_error = "zone " + job->zone.str() + " is not configured at this controller";
  }
  return change;
}

void CheckStage::on_written(const Amended& amended, std::int64_t fence, std::optional<Error> error,
                            const Handler<Checked>& done) {
  hand_back_if_mine(context_, committer_, amended, fence);
  if (!amended.row) return done({{}, std::move(error)});
  auto row = *amended.row;
  if (amended.kind != Amended::Kind::written) return done({std::move(row), std::move(error)});
  if (row.progress.terms) {
    if (stored_versions_.size() >= most_versions_remembered) stored_versions_.clear();
    stored_versions_.insert({row.order.job_id, row.progress.terms->job_version});
  }
  context_.reach("answer", false);
  // The answer goes out now; the time is kept with the next step that is written anyway.
  if (!row.progress.responded) row.progress.responded = std::max(context_.now(), latest_time(row));
  done({row, std::move(error)});
  context_.reach("answer", true);
  hand_on(std::move(row), amended.no_place);
}

void CheckStage::hand_on(BackupRequest row, bool no_place) {
  if (row.progress.state == RequestState::not_allowed) {
    auto stored = row;
    stored.progress.responded.reset();
    auto decider = [time = *row.progress.responded](const BackupRequest& now) -> std::optional<ChangeRequest> {
      auto decision = decide(now, Responded{}, time);
      return decision ? std::optional(change_of(now, std::move(*decision))) : std::nullopt;
    };
    return amender_.amend(std::move(stored), std::move(decider), [](const Amended&) {});
  }
  if (row.progress.state != RequestState::allowed) return;
  auto* lane = find_lane_(row.progress.terms->zone);
  if (!lane) return;
  if (row.progress.owner == context_.self()) return lane->send(std::move(row));
  if (no_place) lane->note_backlog(true);
  lane->remember_answered(row);
}

}  // namespace backupctl::app
