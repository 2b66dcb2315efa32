#include "app/committer.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "app/retry_delay.hpp"
#include "app/steps.hpp"

namespace backupctl::app {
namespace {

constexpr Duration first_hold = std::chrono::milliseconds(50);
constexpr Duration longest_hold = std::chrono::seconds(2);
// How long an admission waits for the outcome of its check. Its caller loses nothing by it, for the answer needs both;
// with a job service that takes longer it has to be durable meanwhile.
constexpr Duration wait_for_company = std::chrono::milliseconds(50);
// When a group of more than so many has left the store nothing to do, half are taken the next times: the other half is
// then ready for the store while the outcomes of these are told and what comes of them is made ready, and neither waits
// for the other. A store that waits for a slow disk is never left so, and takes all.
constexpr std::size_t undivided = 16;
constexpr int halved_groups = 32;  // then all are tried again

Error closing() { return {ErrorKind::unavailable, "the controller is stopping", true, "store-unavailable"}; }

}  // namespace

void Committer::submit(Command command, Patience patience, Handler<Outcome> handler, Company company) {
  if (closed_) {
    if (patience == Patience::once) refuse(std::move(handler), closing());
    return;
  }
  auto entity = entity_of(command);
  if (merge(command, handler, entity)) return;
  if (patience == Patience::once && is_full()) {
    return refuse(std::move(handler), {ErrorKind::overloaded, "too much waits to be written", true, "overloaded"});
  }
  std::list<Waiting> fresh;
  fresh.push_back({std::move(command), patience, {std::move(handler)}, std::move(entity)});
  if (company == Company::change_on_the_way) {
    fresh.front().expects_until = context_.monotonic() + wait_for_company;
    if (!std::exchange(looks_after_expecting_, true)) look_after_expecting(wait_for_company);
  }
  enqueue(waiting_.end(), fresh, fresh.begin());
  pump();
}

void Committer::refuse(Handler<Outcome> handler, Error why) {
  context_.post([handler = std::move(handler), why = std::move(why)] {
    handler({OutcomeStatus::failed, {}, false, why});
  });
}

void Committer::close() {
  closed_ = true;
  queues_.clear();
  expecting_ = 0;
  for (const auto& waiting : std::exchange(waiting_, {})) {
    // A first try of which nobody knows may have been written.
    if (waiting.patience == Patience::once && !waiting.tried)
      tell(waiting, {OutcomeStatus::failed, {}, false, closing()});
  }
}

void Committer::look_after_expecting(Duration delay) {
  context_.post_after(delay, [this] {
    const auto now = context_.monotonic();
    std::optional<Duration> next;
    for (auto& waiting : waiting_) {
      if (!waiting.expects_until) continue;
      if (*waiting.expects_until <= now) {
        stop_expecting(waiting);
      } else if (!next || *waiting.expects_until < *next) {
        next = waiting.expects_until;
      }
    }
    looks_after_expecting_ = next.has_value();
    if (next) look_after_expecting(*next - now);
    pump();
  });
}

void Committer::enqueue(std::list<Waiting>::const_iterator before, std::list<Waiting>& from,
                        std::list<Waiting>::iterator one) {
  waiting_.splice(before, from, one);
  auto& queue = queues_[one->entity];
  ++queue.length;
  if (one->expects_until) ++expecting_;
  if (!one->tried && std::holds_alternative<AdmitRequest>(one->command)) queue.admission = &*one;
}

void Committer::dequeue(std::list<Waiting>::iterator one, std::list<Waiting>& to) {
  const auto queue = queues_.find(one->entity);
  if (queue->second.admission == &*one) queue->second.admission = nullptr;
  if (--queue->second.length == 0) queues_.erase(queue);
  stop_expecting(*one);
  to.splice(to.end(), waiting_, one);
}

void Committer::stop_expecting(Waiting& waiting) {
  if (std::exchange(waiting.expects_until, std::nullopt)) --expecting_;
}

// A request that is still waiting to be written as Received and has been checked meanwhile is written once, with both
// times and both history rows.
bool Committer::merge(Command& command, Handler<Outcome>& handler, const std::string& entity) {
  auto* change = std::get_if<ChangeRequest>(&command);
  const auto queue = change ? queues_.find(entity) : queues_.end();
  if (queue == queues_.end() || !queue->second.admission) return false;
  auto& waiting = *queue->second.admission;
  auto& admit = std::get<AdmitRequest>(waiting.command);
  if (admit.request.progress.revision + 1 != change->next.revision) return false;
  admit.request.progress = std::move(change->next);
  std::move(change->history.begin(), change->history.end(), std::back_inserter(admit.history));
  admit.job_version = std::move(change->job_version);
  admit.place = std::move(change->place);
  std::move(change->audit.begin(), change->audit.end(), std::back_inserter(admit.audit));
  if (change->notice) admit.notice = std::move(change->notice);
  waiting.handlers.push_back(std::move(handler));
  stop_expecting(waiting);
  pump();
  return true;
}

// No company is waited for but an admission's own: what is alone is written at once.
void Committer::pump() {
  if (closed_ || under_way_ || held_ || waiting_.size() == expecting_) return;
  std::list<Waiting> group;
  std::unordered_set<std::string_view> taken;
  const auto ready = waiting_.size() - expecting_;
  const bool halved = ready > undivided && still_halved_ > 0;
  if (halved) --still_halved_;
  const auto most = std::min(context_.options().max_group, halved ? (ready + 1) / 2 : ready);
  for (auto at = waiting_.begin(); at != waiting_.end() && group.size() < most;) {
    const auto one = at++;
    const bool is_first = taken.insert(one->entity).second;
    if (is_first && !one->expects_until) dequeue(one, group);
  }
  if (!group.empty()) commit(std::move(group));
}

void Committer::commit(std::list<Waiting> group) {
  // In the order of their rows, so that two controllers' groups cannot wait for each other.
  group.sort([](const auto& a, const auto& b) { return a.entity < b.entity; });
  std::vector<Command> commands;
  commands.reserve(group.size());
  for (const auto& waiting : group) {
    context_.reach(step_of(waiting.command), false);
    commands.push_back(waiting.command);
  }
  under_way_ = true;
  store_.asked(context_.monotonic());
  context_.metrics().count("backupctl_commits_total", "");
  context_.metrics().count("backupctl_commands_total", "", static_cast<std::int64_t>(group.size()));
  auto shared = std::make_shared<std::list<Waiting>>(std::move(group));
  context_.repository().apply(std::move(commands), context_.back<std::vector<Outcome>>([this, shared](auto outcomes) {
    finish(std::move(*shared), std::move(outcomes));
  }));
}

void Committer::finish(std::list<Waiting> group, std::vector<Outcome> outcomes) {
  const auto in_doubt = [](const Outcome& outcome) {
    return outcome.status == OutcomeStatus::unknown || outcome.status == OutcomeStatus::failed;
  };
  const bool all_settled = std::none_of(outcomes.begin(), outcomes.end(), in_doubt);
  // The store need not wait until the handlers have run.
  const auto group_size = group.size();
  if (all_settled) go_on(group_size, {});
  std::optional<Error> failure;
  std::list<Waiting> again;
  auto outcome = outcomes.begin();
  for (auto at = group.begin(); at != group.end(); ++outcome) {
    const auto one = at++;
    if (outcome->status == OutcomeStatus::applied) context_.reach(step_of(one->command), true);
    const bool unknown = outcome->status == OutcomeStatus::unknown;
    const bool passing = outcome->status == OutcomeStatus::failed && outcome->error && outcome->error->retryable;
    if (unknown || passing) failure = outcome->error.value_or(Error{});
    // After an unknown outcome a failure says nothing about the first try.
    if (unknown || (passing && (one->tried || one->patience == Patience::until_written))) {
      one->tried = true;
      again.splice(again.end(), group, one);
    } else {
      tell(*one, std::move(*outcome));
    }
  }
  while (!again.empty()) enqueue(waiting_.begin(), again, std::prev(again.end()));
  if (!all_settled) go_on(group_size, failure);
}

void Committer::go_on(std::size_t group_size, const std::optional<Error>& failure) {
  failure ? store_.failed(*failure) : store_.answered();
  failures_in_a_row_ = failure ? failures_in_a_row_ + 1 : 0;
  if (failure) hold();
  under_way_ = false;
  if (group_size > undivided && waiting_.size() == expecting_) still_halved_ = halved_groups;
  pump();
}

void Committer::tell(const Waiting& waiting, Outcome outcome) {
  const auto& handlers = waiting.handlers;
  if (outcome.status != OutcomeStatus::failed) {
    for (std::size_t i = 0; i + 1 < handlers.size(); ++i) handlers[i](outcome);
    return handlers.back()(std::move(outcome));
  }
  context_.log(LogLevel::error, "write failed",
               {{"step", std::string(step_of(waiting.command))},
                {"entity", waiting.entity},
                {"error", outcome.error ? outcome.error->detail : std::string()}});
  // Refused for good, after a first try of which nobody knows, or although the row is ours.
  if (waiting.tried || waiting.patience == Patience::until_written) context_.note_stray();
  handlers.front()(outcome);
  // To what was to become of a request that was not stored, that request is simply not there.
  const bool never_stored = std::holds_alternative<AdmitRequest>(waiting.command);
  if (never_stored) outcome = {OutcomeStatus::lost_guard, {}, false, {}};
  for (std::size_t i = 1; i < handlers.size(); ++i) handlers[i](outcome);
  if (never_stored) drop_changes_of(waiting.entity);
}

// While the store is away they would only pile up.
void Committer::drop_changes_of(const std::string& entity) {
  if (!queues_.contains(entity)) return;
  std::list<Waiting> dropped;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const auto one = at++;
    if (one->entity == entity) dequeue(one, dropped);
  }
  for (const auto& waiting : dropped) {
    for (const auto& handler : waiting.handlers) handler({OutcomeStatus::lost_guard, {}, false, {}});
  }
}

void Committer::hold() {
  held_ = true;
  context_.metrics().count("backupctl_store_failures_total", "");
  context_.post_after(retry_delay(failures_in_a_row_, first_hold, longest_hold, context_.random()), [this] {
    held_ = false;
    pump();
  });
}

}  // namespace backupctl::app
