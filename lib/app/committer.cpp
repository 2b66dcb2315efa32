#include "app/committer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/retry_delay.hpp"
#include "app/steps.hpp"

namespace backupctl::app {
namespace {

constexpr Duration first_hold = std::chrono::milliseconds(50);
constexpr Duration longest_hold = std::chrono::seconds(2);

}  // namespace

void Committer::submit(Command command, Patience patience, Handler<Outcome> handler, Company company) {
  auto entity = entity_of(command);
  if (merge(command, handler, entity)) return;
  if (patience == Patience::once && is_full()) {
    context_.post([handler = std::move(handler)] {
      handler({OutcomeStatus::failed,
               {},
               false,
               Error{ErrorKind::overloaded, "too much waits to be written", true, "overloaded"}});
    });
    return;
  }
  const bool expects = company == Company::change_on_the_way;
  enqueue(waiting_.end(), {std::move(command), patience, {std::move(handler)}, std::move(entity), false, expects});
  pump();
}

void Committer::enqueue(std::list<Waiting>::const_iterator before, Waiting waiting) {
  const auto at = waiting_.insert(before, std::move(waiting));
  auto& queue = queues_[at->entity];
  ++queue.length;
  if (at->expects) ++expecting_;
  if (!at->tried && std::holds_alternative<AdmitRequest>(at->command)) queue.admission = &*at;
}

Committer::Waiting Committer::dequeue(std::list<Waiting>::iterator at) {
  const auto queue = queues_.find(at->entity);
  if (queue->second.admission == &*at) queue->second.admission = nullptr;
  if (--queue->second.length == 0) queues_.erase(queue);
  stop_expecting(*at);
  auto waiting = std::move(*at);
  waiting_.erase(at);
  return waiting;
}

void Committer::stop_expecting(Waiting& waiting) {
  if (std::exchange(waiting.expects, false)) --expecting_;
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
  return true;
}

// No time is waited for: what is alone is written at once.
void Committer::pump() {
  if (under_way_ || held_ || waiting_.empty()) return;
  std::vector<Waiting> group;
  std::unordered_set<std::string> taken;
  const bool all_expect = expecting_ == waiting_.size();
  for (auto at = waiting_.begin(); at != waiting_.end() && group.size() < context_.options().max_group;) {
    const auto one = at++;
    if (one->expects && !all_expect) {
      stop_expecting(*one);
      continue;
    }
    if (taken.insert(one->entity).second) group.push_back(dequeue(one));
  }
  commit(std::move(group));
}

void Committer::commit(std::vector<Waiting> group) {
  // In the order of their rows, so that two controllers' groups cannot wait for each other.
  std::stable_sort(group.begin(), group.end(), [](const auto& a, const auto& b) { return a.entity < b.entity; });
  std::vector<Command> commands;
  for (const auto& waiting : group) {
    context_.reach(step_of(waiting.command), false);
    commands.push_back(waiting.command);
  }
  under_way_ = true;
  store_.asked(context_.monotonic());
  context_.metrics().count("backupctl_commits_total", "");
  context_.metrics().count("backupctl_commands_total", "", static_cast<std::int64_t>(group.size()));
  auto shared = std::make_shared<std::vector<Waiting>>(std::move(group));
  context_.repository().apply(std::move(commands), context_.back<std::vector<Outcome>>([this, shared](auto outcomes) {
    finish(std::move(*shared), std::move(outcomes));
  }));
}

void Committer::finish(std::vector<Waiting> group, std::vector<Outcome> outcomes) {
  std::optional<Error> failure;
  std::vector<Waiting> again;
  for (std::size_t i = 0; i < group.size(); ++i) {
    auto& waiting = group[i];
    auto& outcome = outcomes[i];
    if (outcome.status == OutcomeStatus::applied) context_.reach(step_of(waiting.command), true);
    const bool unknown = outcome.status == OutcomeStatus::unknown;
    const bool passing = outcome.status == OutcomeStatus::failed && outcome.error && outcome.error->retryable;
    if (unknown || passing) failure = outcome.error.value_or(Error{});
    // After an unknown outcome a failure says nothing about the first try.
    if (unknown || (passing && (waiting.tried || waiting.patience == Patience::until_written))) {
      waiting.tried = true;
      again.push_back(std::move(waiting));
      continue;
    }
    if (outcome.status == OutcomeStatus::failed) {
      context_.log(LogLevel::error, "write failed",
                   {{"step", std::string(step_of(waiting.command))},
                    {"entity", waiting.entity},
                    {"error", outcome.error ? outcome.error->detail : std::string()}});
    }
    // Refused for good, after a first try of which nobody knows, or although the row is ours.
    const bool may_be_mine = waiting.tried || waiting.patience == Patience::until_written;
    if (outcome.status == OutcomeStatus::failed && may_be_mine) context_.note_stray();
    const bool never_stored =
        outcome.status == OutcomeStatus::failed && std::holds_alternative<AdmitRequest>(waiting.command);
    waiting.handlers.front()(outcome);
    // To what was to become of a request that was not stored, that request is simply not there.
    if (never_stored) outcome = {OutcomeStatus::lost_guard, {}, false, {}};
    for (std::size_t k = 1; k < waiting.handlers.size(); ++k) waiting.handlers[k](outcome);
    if (never_stored) drop_changes_of(waiting.entity);
  }
  for (auto at = again.rbegin(); at != again.rend(); ++at) enqueue(waiting_.begin(), std::move(*at));
  failure ? store_.failed(*failure) : store_.answered();
  failures_in_a_row_ = failure ? failures_in_a_row_ + 1 : 0;
  if (failure) hold();
  under_way_ = false;  // only now: what the handlers submitted goes into one group
  pump();
}

// While the store is away they would only pile up.
void Committer::drop_changes_of(const std::string& entity) {
  if (!queues_.contains(entity)) return;
  std::vector<Waiting> dropped;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const auto one = at++;
    if (one->entity == entity) dropped.push_back(dequeue(one));
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
