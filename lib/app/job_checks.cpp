#include "app/job_checks.hpp"

#include <utility>

namespace backupctl::app {

void JobChecks::read(JobId id, CallContext asking, Handler<SharedJobAnswer> handler) {
  Waiter waiter{std::move(asking), std::move(handler)};
  if (const auto calls = under_way_.find(id); calls != under_way_.end()) {
    calls->second.next.push_back(std::move(waiter));
    return;
  }
  call(id, {std::move(waiter)});
}

void JobChecks::call(JobId id, std::vector<Waiter> waiters) {
  under_way_.try_emplace(id);
  auto context = waiters.front().asking;
  const auto asked_for = context.request_id;
  auto shared = std::make_shared<const std::vector<Waiter>>(std::move(waiters));
  auto on_answer = [this, id, asked_for, shared](Result<std::optional<BackupJob>> job) {
    finish(id, *shared, {std::move(job), asked_for});
  };
  if (!breaker_.allows(context_.monotonic())) {
    auto error = unavailable("the job service is left alone after repeated failures: " + breaker_.last_error());
    context_.post([on_answer, error] { on_answer(error); });
    return;
  }
  context_.reach("call-jobs", false);
  context_.jobs().fetch(
      id, std::move(context), context_.back<Result<std::optional<BackupJob>>>([this, on_answer](auto job) {
        context_.reach("call-jobs", true);
        if (job) {
          breaker_.succeeded();
        } else {
          breaker_.failed(context_.monotonic(), job.error().detail);
          context_.log(LogLevel::warning, "job service did not answer", {{"error", job.error().detail}});
        }
        on_answer(std::move(job));
      }));
}

void JobChecks::finish(JobId id, const std::vector<Waiter>& waiters, JobAnswer answer) {
  auto next = std::move(under_way_.at(id).next);
  under_way_.erase(id);
  if (!next.empty()) call(id, std::move(next));
  const auto shared = std::make_shared<const JobAnswer>(std::move(answer));
  for (const auto& waiter : waiters) waiter.handler(shared);
}

}  // namespace backupctl::app
