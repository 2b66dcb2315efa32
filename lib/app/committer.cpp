#include "app/committer.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "app/audit_chain.hpp"
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

bool may_pass(const Outcome& outcome) {
  return outcome.status == OutcomeStatus::failed && outcome.error && outcome.error->retryable;
}

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
  expecting_ = blocked_ = 0;
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
  if (queue.is_under_way) ++blocked_;
  if (one->expects_until) ++expecting_;
  if (!one->tried && std::holds_alternative<AdmitRequest>(one->command)) queue.admission = &*one;
}

void Committer::dequeue(std::list<Waiting>::iterator one, std::list<Waiting>& to) {
  const auto queue = queues_.find(one->entity);
  if (queue->second.admission == &*one) queue->second.admission = nullptr;
  if (queue->second.is_under_way) --blocked_;
  if (--queue->second.length == 0 && !queue->second.is_under_way) queues_.erase(queue);
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

// No company is waited for but an admission's own: what is alone is written at once. Beside a group that is under way
// another pays when it is no smaller: what comes meanwhile would be in the next one anyway.
bool Committer::may_begin() const {
  if (closed_ || held_ || ready() == 0) return false;
  if (under_way_ == 0) return true;
  const auto groups = static_cast<std::size_t>(std::count(places_.begin(), places_.end(), true));
  return groups < context_.repository().applies_at_once() && ready() >= under_way_;
}

void Committer::pump() {
  if (!may_begin()) return;
  std::list<Waiting> group;
  const bool halved = ready() > undivided && still_halved_ > 0;
  if (halved) --still_halved_;
  const auto most = std::min(context_.options().max_group, halved ? (ready() + 1) / 2 : ready());
  for (auto at = waiting_.begin(); at != waiting_.end() && group.size() < most;) {
    const auto one = at++;
    const auto& queue = queues_.at(one->entity);
    if (queue.is_under_way || (queue.admission && queue.admission->expects_until)) continue;
    dequeue(one, group);
    begin(group.back().entity);
  }
  if (!group.empty()) commit(std::move(group));
}

void Committer::begin(const std::string& entity) {
  auto& queue = queues_[entity];
  queue.is_under_way = true;
  blocked_ += queue.length;
}

void Committer::end(const std::string& entity) {
  const auto queue = queues_.find(entity);
  if (queue == queues_.end()) return;  // closed
  queue->second.is_under_way = false;
  blocked_ -= queue->second.length;
  if (queue->second.length == 0) queues_.erase(queue);
}

void Committer::commit(std::list<Waiting> group) {
  // In the order of their rows, so that two controllers' groups cannot wait for each other.
  group.sort([](const auto& a, const auto& b) { return a.entity < b.entity; });
  const auto place = take_place();
  const auto chain = audit_chain(context_.self(), place);
  std::vector<Command> commands;
  commands.reserve(group.size());
  for (const auto& waiting : group) {
    context_.reach(step_of(waiting.command), false);
    commands.push_back(waiting.command);
    if (place > 0) write_to_chain(commands.back(), chain);
  }
  under_way_ += group.size();
  store_.asked(context_.monotonic());
  context_.metrics().count("backupctl_commits_total", "");
  context_.metrics().count("backupctl_commands_total", "", static_cast<std::int64_t>(group.size()));
  auto shared = std::make_shared<std::list<Waiting>>(std::move(group));
  context_.repository().apply(std::move(commands),
                              context_.back<std::vector<Outcome>>([this, place, shared](auto outcomes) {
                                finish(place, std::move(*shared), std::move(outcomes));
                              }));
}

std::size_t Committer::take_place() {
  const auto found = std::find(places_.begin(), places_.end(), false);
  if (found == places_.end()) return places_.push_back(true), places_.size() - 1;
  *found = true;
  return static_cast<std::size_t>(found - places_.begin());
}

void Committer::finish(std::size_t place, std::list<Waiting> group, std::vector<Outcome> outcomes) {
  // The store need not wait until the handlers have run.
  go_on(place, group, outcomes);
  std::list<Waiting> again;
  auto outcome = outcomes.begin();
  for (auto at = group.begin(); at != group.end(); ++outcome) {
    const auto one = at++;
    if (outcome->status == OutcomeStatus::applied) context_.reach(step_of(one->command), true);
    const bool unknown = outcome->status == OutcomeStatus::unknown;
    // After an unknown outcome a failure says nothing about the first try.
    if (unknown || (may_pass(*outcome) && (one->tried || one->patience == Patience::until_written))) {
      one->tried = true;
      again.splice(again.end(), group, one);
    } else {
      tell(*one, std::move(*outcome));
    }
  }
  while (!again.empty()) enqueue(waiting_.begin(), again, std::prev(again.end()));
}

void Committer::go_on(std::size_t place, const std::list<Waiting>& group, const std::vector<Outcome>& outcomes) {
  for (const auto& waiting : group) end(waiting.entity);
  places_[place] = false;
  under_way_ -= group.size();
  if (group.size() > undivided && under_way_ == 0 && ready() == 0) still_halved_ = halved_groups;
  const auto failed = std::find_if(outcomes.rbegin(), outcomes.rend(), [](const Outcome& outcome) {
    return outcome.status == OutcomeStatus::unknown || may_pass(outcome);
  });
  if (failed == outcomes.rend()) {
    failures_in_a_row_ = 0;
    store_.answered();
  } else {
    ++failures_in_a_row_;
    store_.failed(failed->error.value_or(Error{}));
    hold();
  }
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
