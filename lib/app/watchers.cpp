#include "app/watchers.hpp"

#include <algorithm>
#include <utility>

namespace backupctl::app {
namespace {

constexpr Duration poll_every = std::chrono::milliseconds(250);

}  // namespace

void Watchers::watch(RequestId id, std::function<bool(const BackupRequest&)> until, Duration timeout,
                     Handler<Result<BackupRequest>> handler) {
  watchers_[id].push_back({std::move(until), context_.monotonic() + timeout, std::move(handler)});
  read(id);
  if (polling_) return;
  polling_ = true;
  context_.post_after(poll_every, [this] { poll(); });
}

void Watchers::poll() {
  polling_ = !watchers_.empty();
  if (!polling_) return;
  for (const auto& [id, waiting] : watchers_) read(id);
  context_.post_after(poll_every, [this] { poll(); });
}

void Watchers::read(RequestId id) {
  context_.repository().find_request(id, context_.back<Result<std::optional<BackupRequest>>>([this, id](auto row) {
    if (!row) return answer(id, std::move(row).error());
    if (!*row) return answer(id, Error{ErrorKind::not_found, "there is no backup request " + id.to_string()});
    answer(id, std::move(**row));
  }));
}

void Watchers::saw(const BackupRequest& row) {
  if (watchers_.contains(row.order.id)) answer(row.order.id, row);
}

// Tells those for whom `row` is what they wait for. An unreachable store is told only to those whose time is up.
void Watchers::answer(RequestId id, const Result<BackupRequest>& row) {
  const auto found = watchers_.find(id);
  if (found == watchers_.end()) return;
  const auto now = context_.monotonic();
  const bool for_good = !row && !row.error().retryable;
  auto& waiting = found->second;
  const auto done = std::stable_partition(waiting.begin(), waiting.end(), [&](const Watcher& watcher) {
    return !(for_good || watcher.deadline <= now || (row && watcher.until(*row)));
  });
  std::vector<Watcher> told(std::make_move_iterator(done), std::make_move_iterator(waiting.end()));
  waiting.erase(done, waiting.end());
  if (waiting.empty()) watchers_.erase(found);
  for (const auto& watcher : told) watcher.handler(row);
}

}  // namespace backupctl::app
