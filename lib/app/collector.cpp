#include "app/collector.hpp"

#include <utility>

#include "app/notices.hpp"

namespace backupctl::app {
namespace {

constexpr std::int64_t waiting_page = 256;
constexpr std::size_t least_sent_remembered = 10'000;  // the newest, about 1 KiB each; twice as many at most
constexpr std::size_t most_expected = 10'000;
// How long a result waits for its command to be written as Sent. Its zone loses nothing by it: what it is told needs a
// commit after that one anyway.
constexpr Duration wait_for_sent = std::chrono::milliseconds(200);

bool is_of_its_command(const ResultRecord& record) {
  return record.result && record.result->command_id == record.command_id && record.result->zone == record.zone;
}

// Decided on one row; on another that is found instead, nothing is decided.
Decider just_once(std::optional<ChangeRequest> change) {
  return [change = std::move(change)](const BackupRequest&) mutable {
    std::optional<ChangeRequest> taken;
    taken.swap(change);
    return taken;
  };
}

}  // namespace

void Collector::take(ResultRecord record, Handler<Result<void>> kept) {
  const auto id = record.command_id;
  if (!is_of_its_command(record)) return keep(std::move(record), std::move(kept));
  if (const auto sent = take_remembered(id)) return record_at_once(std::move(record), *sent, std::move(kept));
  if (!expected_.contains(id) || early_.contains(id)) return keep(std::move(record), std::move(kept));
  early_.emplace(id, Early{std::move(record), std::move(kept), context_.monotonic() + wait_for_sent});
  if (!std::exchange(looks_after_early_, true)) look_after_early(wait_for_sent);
}

void Collector::expect(RequestId id) {
  if (expected_.size() >= most_expected) expected_.clear();
  expected_.insert(id);
}

void Collector::saw(const BackupRequest& row) {
  const auto id = row.order.id;
  const bool is_sent = row.progress.state == RequestState::sent;
  expected_.erase(id);
  if (auto early = early_.extract(id)) {
    auto& [record, kept, until] = early.mapped();
    if (is_sent) return record_at_once(std::move(record), row, std::move(kept));
    return keep(std::move(record), std::move(kept));
  }
  if (is_sent) remember(row);
}

void Collector::remember(const BackupRequest& sent) {
  if (sent_.size() >= least_sent_remembered) sent_before_ = std::exchange(sent_, {});
  sent_.insert_or_assign(sent.order.id, sent);
}

std::optional<BackupRequest> Collector::take_remembered(RequestId id) {
  auto found = sent_.extract(id);
  if (!found) found = sent_before_.extract(id);
  return found ? std::optional(std::move(found.mapped())) : std::nullopt;
}

void Collector::look_after_early(Duration delay) {
  context_.post_after(delay, [this] {
    const auto now = context_.monotonic();
    std::vector<Early> late;
    std::optional<Duration> next;
    for (auto at = early_.begin(); at != early_.end();) {
      const auto one = at++;
      if (one->second.until <= now) {
        late.push_back(std::move(early_.extract(one).mapped()));
      } else if (!next || one->second.until < *next) {
        next = one->second.until;
      }
    }
    looks_after_early_ = next.has_value();
    if (next) look_after_early(*next - now);
    for (auto& one : late) keep(std::move(one.record), std::move(one.kept));
  });
}

void Collector::keep(ResultRecord record, Handler<Result<void>> kept) {
  KeepResult command{record};
  committer_.submit(std::move(command), Patience::once,
                    [this, record = std::move(record), kept = std::move(kept)](const Outcome& outcome) {
                      if (outcome.status == OutcomeStatus::failed) return kept(*outcome.error);
                      kept(Result<void>{});
                      this->record(record);
                    });
}

void Collector::record_at_once(ResultRecord record, const BackupRequest& row, Handler<Result<void>> kept) {
  std::string park_reason;
  auto change = decide_on(row, {}, record, park_reason);
  if (!change) return keep(std::move(record), std::move(kept));
  // Whatever it is that this does not come to, the usual way does.
  auto on_amended = [this, record = std::move(record), kept = std::move(kept)](const Amended& amended) {
    if (amended.kind != Amended::Kind::written) return keep(record, kept);
    kept(Result<void>{});
    place_freed_(record.zone);
  };
  auto once = just_once(std::move(change));
  amender_.amend(row, std::move(once), std::move(on_amended), Patience::once);
}

void Collector::read_waiting(std::function<void(bool more)> done) {
  context_.reach("read-results", false);
  context_.repository().waiting_results(
      waiting_page, context_.back<Result<std::vector<ResultRecord>>>([this, done = std::move(done)](const auto& page) {
        context_.reach("read-results", true);
        if (page) {
          for (const auto& result : *page) record(result);
        }
        done(page && static_cast<std::int64_t>(page->size()) == waiting_page);
      }));
}

void Collector::record(ResultRecord result) {
  if (!recording_.insert({result.command_id, result.body}).second) return;
  if (!result.result) return settle(result, "unreadable");
  if (result.result->command_id != result.command_id) return settle(result, "command-mismatch");
  if (result.result->zone != result.zone) return settle(result, "wrong-zone");
  const auto id = result.command_id;
  if (const auto sent = take_remembered(id)) return record_for(std::move(result), *sent);
  context_.repository().find_request(
      id, context_.back<Result<std::optional<BackupRequest>>>([this, result = std::move(result)](const auto& row) {
        if (!row) return finish(result);  // it still waits and is read again
        if (!*row) return settle(result, "unknown-command");
        record_for(result, **row);
      }));
}

void Collector::record_for(ResultRecord result, const BackupRequest& row) {
  const auto with_backup = [this, result, row](const Result<std::optional<Backup>>& backup) {
    if (!backup) return finish(result);
    std::string park_reason;
    auto change = decide_on(row, *backup, result, park_reason);
    if (!change) return settle(result, park_reason);
    change->recorded = ResultKey{result.command_id, result.body};
    // Decided once, on the row just read. Should another writer have changed it, everything is looked at again from the
    // start: there may be a backup now. When the row is still the same, another has recorded or parked the result.
    auto on_amended = [this, result, revision = row.progress.revision](const Amended& amended) {
      finish(result);
      if (amended.kind == Amended::Kind::nothing_to_do && amended.row->progress.revision != revision) record(result);
      if (amended.kind == Amended::Kind::written) place_freed_(result.zone);
    };
    auto once = just_once(std::move(change));
    amender_.amend(row, std::move(once), std::move(on_amended));
  };
  if (!row.progress.backup_id) return with_backup(std::optional<Backup>{});
  context_.repository().find_backup(*row.progress.backup_id, context_.back<Result<std::optional<Backup>>>(with_backup));
}

std::optional<ChangeRequest> Collector::decide_on(const BackupRequest& row, const std::optional<Backup>& backup,
                                                  const ResultRecord& result, std::string& park_reason) {
  auto decision = decide(row, backup, ResultRead{*result.result, context_.new_id<BackupId>()}, context_.now());
  if (const auto* park = std::get_if<ParkIt>(&decision)) park_reason = park->reason_code;
  auto* transition = std::get_if<Transition>(&decision);
  if (!transition) return {};
  auto change = change_of(row, std::move(*transition));
  change.notice = notice_of(context_, row, change.next);
  if (is_terminal(row.progress.state)) {
    change.audit = {context_.audit("zone:" + result.zone.str(), "backup-request-late-success",
                                   "backup-request:" + result.command_id.to_string(),
                                   "was " + std::string(to_string(row.progress.state)))};
  }
  return change;
}

void Collector::settle(const ResultRecord& result, const std::string& park_reason) {
  SettleResult command{{result.command_id, result.body}, {}};
  if (!park_reason.empty()) {
    command.parked = ParkedResult{
        context_.new_id<ParkedResultId>(), result.command_id, result.zone, park_reason, result.received, result.body};
    command.notice = notice_of(context_, *command.parked);
    if (park_reason == "wrong-zone") {
      command.audit = {context_.audit("zone:" + result.zone.str(), "result-from-wrong-zone",
                                      "backup-request:" + result.command_id.to_string(), {})};
    }
    context_.metrics().count("backupctl_parked_results_total", "reason=\"" + park_reason + "\"");
    context_.log(
        LogLevel::warning, "result parked",
        {{"requestId", result.command_id.to_string()}, {"zone", result.zone.str()}, {"reasonCode", park_reason}});
  }
  committer_.submit(std::move(command), Patience::until_written, [this, result](const Outcome&) { finish(result); });
}

void Collector::finish(const ResultRecord& result) { recording_.erase({result.command_id, result.body}); }

}  // namespace backupctl::app
