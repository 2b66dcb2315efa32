#include "backupctl/testing/memory_repository.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

namespace backupctl::testing {
namespace {

bool is_due(const BackupRequest& request, Timestamp now) {
  const auto& p = request.progress;
  return !is_terminal(p.state) && !p.owner && p.next_action && *p.next_action <= now;
}

RequestState state_of(Stage stage) {
  switch (stage) {
    case Stage::check:
      return RequestState::received;
    case Stage::send:
      return RequestState::allowed;
    case Stage::follow:
      break;
  }
  return RequestState::sent;
}

bool is_in_zone(const BackupRequest& request, const ZoneName& zone) {
  return request.progress.terms && request.progress.terms->zone == zone;
}

Outcome applied() { return {OutcomeStatus::applied, {}, false, {}}; }
Outcome already_done() { return {OutcomeStatus::already_done, {}, false, {}}; }

}  // namespace

std::vector<Outcome> MemoryRepository::apply(const std::vector<Command>& commands) {
  std::vector<Outcome> outcomes;
  for (const auto& command : commands) {
    outcomes.push_back(std::visit([this](const auto& one) { return run(one); }, command));
  }
  return outcomes;
}

Outcome MemoryRepository::run(const AdmitRequest& command) {
  const auto& order = command.request.order;
  if (const auto found = requests_.find(order.id); found != requests_.end()) {
    return {OutcomeStatus::already_done, found->second, false, {}};
  }
  if (order.key) {
    const auto [at, fresh] = keys_.try_emplace({order.requester.str(), order.key->str()}, order.id);
    if (!fresh) return {OutcomeStatus::lost_guard, requests_.at(at->second), false, {}};
  }
  bool no_place = false;
  auto request = command.request;
  request.progress = choose(command.request.progress, command.place, no_place);
  requests_.emplace(order.id, request);
  history_[order.id] = command.history;
  keep(command.job_version);
  if (command.backup) keep(*command.backup);
  if (command.adopted) parked_.erase(*command.adopted);
  keep(command.notice);
  write(command.audit);
  return {OutcomeStatus::applied, request, no_place, {}};
}

Outcome MemoryRepository::run(const ChangeRequest& command) {
  const auto found = requests_.find(command.id);
  if (found == requests_.end()) return {OutcomeStatus::lost_guard, {}, false, {}};
  auto& request = found->second;
  const bool gone = command.recorded && find_result(*command.recorded) == results_.end();
  if (gone || request.progress.revision != command.next.revision - 1 || request.progress.state != command.from) {
    const bool done =
        request.progress == command.next || (command.place && request.progress == command.place->otherwise);
    return {done ? OutcomeStatus::already_done : OutcomeStatus::lost_guard, request, false, {}};
  }
  bool no_place = false;
  request.progress = choose(command.next, command.place, no_place);
  auto& history = history_[command.id];
  history.insert(history.end(), command.history.begin(), command.history.end());
  keep(command.job_version);
  if (command.backup) keep(*command.backup);
  if (command.adopted) parked_.erase(*command.adopted);
  keep(command.notice);
  write(command.audit);
  if (command.recorded) results_.erase(find_result(*command.recorded));
  return {OutcomeStatus::applied, request, no_place, {}};
}

Outcome MemoryRepository::run(const KeepResult& command) {
  const auto& record = command.record;
  if (find_result({record.command_id, record.body}) != results_.end()) return already_done();
  results_.push_back(record);
  return applied();
}

Outcome MemoryRepository::run(const SettleResult& command) {
  const auto result = find_result(command.key);
  if (result == results_.end()) return already_done();
  results_.erase(result);
  if (command.parked) {
    if (is_parked(*command.parked)) return applied();
    parked_.emplace(command.parked->id, *command.parked);
  }
  keep(command.notice);
  write(command.audit);
  return applied();
}

Outcome MemoryRepository::run(const Park& command) {
  if (is_parked(command.parked)) return already_done();
  parked_.emplace(command.parked.id, command.parked);
  keep(command.notice);
  return applied();
}

Outcome MemoryRepository::run(const DismissParked& command) {
  if (parked_.erase(command.id) == 0) return already_done();
  write(command.audit);
  return applied();
}

Outcome MemoryRepository::run(const PauseZone& command) {
  auto& paused = paused_.try_emplace(command.zone, false).first->second;
  if (paused == command.paused) return already_done();
  paused = command.paused;
  write(command.audit);
  return applied();
}

Outcome MemoryRepository::run(const WriteAudit& command) {
  append(command.entry);
  return applied();
}

Outcome MemoryRepository::run(const TieAudit& command) {
  const auto heads = take_untied(command.writer);
  if (heads.empty()) return already_done();
  append({command.writer, command.time, "controller", "audit-tied", "audit", describe_heads(heads)});
  return applied();
}

Outcome MemoryRepository::run(const SettleNotice& command) {
  const auto found = notices_.find(command.id);
  if (found == notices_.end()) return already_done();
  if (command.retry_at) {
    found->second.next_action = *command.retry_at;
  } else {
    notices_.erase(found);
  }
  return applied();
}

void MemoryRepository::keep(const std::optional<BackupJob>& version) {
  if (version) job_versions_.try_emplace({version->id, version->version}, *version);
}

void MemoryRepository::keep(const Backup& backup) {
  if (const auto found = backups_.find(backup.id); found != backups_.end()) {
    auto& there = found->second;
    there.zone = backup.zone;
    there.storage_path = backup.storage_path;
    there.byte_count = backup.byte_count;
    there.copy_start = backup.copy_start;
    there.copy_end = backup.copy_end;
    there.verify_start = backup.verify_start;
    there.verify_end = backup.verify_end;
    there.verify_hash = backup.verify_hash;
    return;
  }
  auto added = backup;
  added.version_of_date = 1;
  for (const auto& [id, other] : backups_) {
    if (other.job_id != added.job_id || other.data_as_of != added.data_as_of) continue;
    added.version_of_date = std::max(added.version_of_date, other.version_of_date + 1);
  }
  backups_.emplace(added.id, added);
}

void MemoryRepository::keep(const std::optional<Notice>& notice) {
  if (!notice) return;
  auto row = OutboxRow{{*notice, 0}, notice->time};
  auto& [told, attempts] = row.waiting;
  if (told.job_id && told.job_version) {
    const auto version = job_versions_.find({*told.job_id, *told.job_version});
    if (version != job_versions_.end()) {
      const auto& more = version->second.notify;
      told.addresses.insert(told.addresses.end(), more.begin(), more.end());
    }
  }
  notices_.try_emplace(notice->id, std::move(row));
}

void MemoryRepository::write(const std::vector<AuditEntry>& entries) {
  for (const auto& entry : entries) append(entry);
}

void MemoryRepository::append(AuditEntry entry) {
  if (!audit_.contains(entry.writer)) {
    audit_[entry.writer];
    append(
        {entry.writer, entry.time, "controller", "audit-opened", "audit", describe_heads(take_untied(entry.writer))});
  }
  auto& records = audit_[entry.writer].records;
  AuditRecord record{std::move(entry),
                     static_cast<std::int64_t>(records.size()) + 1,
                     records.empty() ? std::string() : records.back().hash,
                     {}};
  record.hash = audit_hash(record);
  records.push_back(std::move(record));
}

std::vector<AuditHead> MemoryRepository::take_untied(InstanceId except) {
  std::vector<AuditHead> heads;
  for (auto& [writer, chain] : audit_) {
    if (writer == except || chain.records.empty() || chain.records.back().seq <= chain.tied) continue;
    chain.tied = chain.records.back().seq;
    heads.push_back({writer, chain.tied, chain.records.back().hash});
  }
  return heads;
}

RequestProgress MemoryRepository::choose(const RequestProgress& next, const std::optional<SendPlace>& place,
                                         bool& no_place) const {
  no_place = place && (is_paused(place->zone) || places_taken(place->zone) >= place->max_in_flight);
  return no_place ? place->otherwise : next;
}

std::int64_t MemoryRepository::places_taken(const ZoneName& zone) const {
  return std::count_if(requests_.begin(), requests_.end(), [&](const auto& row) {
    const auto& p = row.second.progress;
    return is_in_zone(row.second, zone) &&
           (p.state == RequestState::sent || (p.state == RequestState::allowed && p.owner));
  });
}

bool MemoryRepository::is_paused(const ZoneName& zone) const {
  const auto found = paused_.find(zone);
  return found != paused_.end() && found->second;
}

Result<std::vector<BackupRequest>> MemoryRepository::claim(const ClaimOrder& order) {
  auto limit = order.limit;
  if (order.stage == Stage::send) {
    limit = std::min(limit, is_paused(*order.zone) ? 0 : order.max_in_flight - places_taken(*order.zone));
  }
  std::vector<BackupRequest*> due;
  for (auto& [id, request] : requests_) {
    if (request.progress.state != state_of(order.stage) || !is_due(request, order.now)) continue;
    if (order.zone && !is_in_zone(request, *order.zone)) continue;
    due.push_back(&request);
  }
  std::stable_sort(due.begin(), due.end(),
                   [](auto* a, auto* b) { return a->progress.next_action < b->progress.next_action; });
  std::vector<BackupRequest> claimed;
  for (auto* request : due) {
    if (static_cast<std::int64_t>(claimed.size()) >= limit) break;
    auto& p = request->progress;
    p.owner = order.by;
    p.next_action.reset();
    ++p.fence;
    ++p.revision;
    if (order.stage == Stage::check) ++p.check_attempts;
    if (order.stage == Stage::send && !p.cancel_asked) ++p.send_attempts;
    claimed.push_back(*request);
  }
  return claimed;
}

// Rows whose owner is none of the instances, however that came about: nobody else would ever take them up.
std::int64_t MemoryRepository::free_orphans(Timestamp now) {
  std::int64_t freed = 0;
  for (auto& [id, request] : requests_) {
    auto& p = request.progress;
    if (!p.owner || instances_.contains(*p.owner)) continue;
    p.owner.reset();
    p.next_action = now;
    ++p.revision;
    ++freed;
  }
  return freed;
}

Result<BeatReply> MemoryRepository::beat(const InstanceBeat& beat) {
  instances_.insert_or_assign(beat.id, Instance{beat.program, beat.started, beat.now});
  std::erase_if(instances_, [&](const auto& one) { return one.second.last_beat + beat.lease < beat.now; });
  BeatReply reply{{}, free_orphans(beat.now)};
  for (const auto& [id, instance] : instances_) reply.alive.push_back({id, instance.program, instance.started});
  return reply;
}

// Also for an instance that others have declared dead already: it may have claimed rows since.
Result<void> MemoryRepository::leave(InstanceId id) {
  const auto found = instances_.find(id);
  const auto now = found == instances_.end() ? Timestamp{} : found->second.last_beat;
  instances_.erase(id);
  free_orphans(now);
  return {};
}

Result<std::vector<WaitingNotice>> MemoryRepository::claim_notices(const NoticeClaim& claim) {
  std::vector<OutboxRow*> due;
  for (auto& [id, row] : notices_) {
    if (row.next_action <= claim.now) due.push_back(&row);
  }
  std::stable_sort(due.begin(), due.end(), [](auto* a, auto* b) { return a->next_action < b->next_action; });
  std::vector<WaitingNotice> claimed;
  for (auto* row : due) {
    if (static_cast<std::int64_t>(claimed.size()) >= claim.limit) break;
    ++row->waiting.attempts;
    row->next_action = claim.hidden_until;
    claimed.push_back(row->waiting);
  }
  return claimed;
}

Result<std::optional<BackupRequest>> MemoryRepository::find_request(RequestId id) {
  const auto found = requests_.find(id);
  return found == requests_.end() ? std::optional<BackupRequest>{} : found->second;
}

bool MemoryRepository::is_in(const Scope& scope, const OwnerName& requester, JobId job) const {
  if (scope == Scope{}) return true;
  if (scope.requester && *scope.requester == requester) return true;
  if (!scope.job_owner) return false;
  const auto next_job = job_versions_.upper_bound({job, std::numeric_limits<std::int64_t>::max()});
  if (next_job == job_versions_.begin()) return false;
  const auto& newest = std::prev(next_job)->second;
  return newest.id == job && newest.owner_id == scope.job_owner->str();
}

Result<std::vector<BackupRequest>> MemoryRepository::list_requests(const RequestQuery& query) {
  std::vector<BackupRequest> page;
  for (auto at = requests_.rbegin(); at != requests_.rend(); ++at) {
    const auto& [order, progress] = at->second;
    if (static_cast<std::int64_t>(page.size()) >= query.limit) break;
    if (query.after && order.id >= *query.after) continue;
    if (query.above && order.id <= *query.above) break;
    if (query.job_id && order.job_id != *query.job_id) continue;
    if (query.state && progress.state != *query.state) continue;
    if (query.transport && order.transport != *query.transport) continue;
    if (query.received_from && order.received < *query.received_from) continue;
    if (query.received_to && order.received >= *query.received_to) continue;
    if (!query.ids.empty() && std::find(query.ids.begin(), query.ids.end(), order.id) == query.ids.end()) continue;
    if (query.zone && !is_in_zone(at->second, *query.zone)) continue;
    if (!is_in(query.scope, order.requester, order.job_id)) continue;
    page.push_back(at->second);
  }
  return page;
}

Result<std::vector<HistoryEntry>> MemoryRepository::history(RequestId id) {
  const auto found = history_.find(id);
  return found == history_.end() ? std::vector<HistoryEntry>{} : found->second;
}

Result<std::optional<Backup>> MemoryRepository::find_backup(BackupId id) {
  auto page = list_backups({.limit = static_cast<std::int64_t>(backups_.size())});
  for (const auto& backup : *page) {
    if (backup.id == id) return std::optional(backup);
  }
  return std::optional<Backup>{};
}

Result<std::vector<Backup>> MemoryRepository::list_backups(const BackupQuery& query) {
  std::map<std::pair<JobId, std::int64_t>, std::int64_t> newest;
  for (const auto& [id, backup] : backups_) {
    auto& version = newest[{backup.job_id, backup.data_as_of.days_since_1970()}];
    version = std::max(version, backup.version_of_date);
  }
  std::vector<Backup> page;
  for (auto at = backups_.rbegin(); at != backups_.rend(); ++at) {
    auto backup = at->second;
    if (static_cast<std::int64_t>(page.size()) >= query.limit) break;
    if (query.after && backup.id >= *query.after) continue;
    if (query.above && backup.id <= *query.above) break;
    if (query.job_id && backup.job_id != *query.job_id) continue;
    if (query.id && backup.id != *query.id) continue;
    const auto& made_by = query.request_ids;
    if (!made_by.empty() && std::find(made_by.begin(), made_by.end(), backup.request_id) == made_by.end()) continue;
    if (query.zone && backup.zone != *query.zone) continue;
    if (query.state && backup.state != *query.state) continue;
    if (query.as_of_from && backup.data_as_of < *query.as_of_from) continue;
    if (query.as_of_to && backup.data_as_of > *query.as_of_to) continue;
    if (!is_in(query.scope, requests_.at(backup.request_id).order.requester, backup.job_id)) continue;
    backup.newest_of_date = backup.version_of_date == newest.at({backup.job_id, backup.data_as_of.days_since_1970()});
    page.push_back(std::move(backup));
  }
  return page;
}

Result<std::vector<ResultRecord>> MemoryRepository::waiting_results(std::int64_t limit) {
  const auto count = std::min<std::size_t>(results_.size(), static_cast<std::size_t>(limit));
  return std::vector<ResultRecord>(results_.begin(), results_.begin() + static_cast<std::ptrdiff_t>(count));
}

Result<std::vector<ParkedResult>> MemoryRepository::list_parked(const ParkedQuery& query) {
  std::vector<ParkedResult> page;
  for (auto at = parked_.rbegin(); at != parked_.rend(); ++at) {
    if (static_cast<std::int64_t>(page.size()) >= query.limit) break;
    if (query.after && at->first >= *query.after) continue;
    if (query.id && at->first != *query.id) continue;
    page.push_back(at->second);
  }
  return page;
}

Result<std::vector<AuditRecord>> MemoryRepository::list_audit(const AuditQuery& query) {
  std::vector<AuditRecord> page;
  for (const auto& [writer, chain] : audit_) {
    for (const auto& record : chain.records) {
      if (static_cast<std::int64_t>(page.size()) >= query.limit) return page;
      if (query.after && std::pair(writer, record.seq) <= *query.after) continue;
      page.push_back(record);
    }
  }
  return page;
}

Result<std::vector<AuditHead>> MemoryRepository::audit_heads() {
  std::vector<AuditHead> heads;
  for (const auto& [writer, chain] : audit_) {
    heads.push_back({writer, chain.records.back().seq, chain.records.back().hash});
  }
  return heads;
}

Result<DueWork> MemoryRepository::due(const DueQuery& query) {
  DueWork work;
  work.results = !results_.empty();
  for (const auto& [id, row] : notices_) {
    if (row.next_action <= query.now) {
      work.notices = true;
    } else if (!work.next || row.next_action < *work.next) {
      work.next = row.next_action;
    }
  }
  const auto is_asked_for = [&](const BackupRequest& request) {
    if (request.progress.state == RequestState::received) return true;
    return std::any_of(query.zones.begin(), query.zones.end(),
                       [&](const auto& zone) { return is_in_zone(request, zone); });
  };
  const auto add = [](std::vector<ZoneName>& zones, const BackupRequest& request) {
    const auto& zone = request.progress.terms->zone;
    if (std::find(zones.begin(), zones.end(), zone) == zones.end()) zones.push_back(zone);
  };
  for (const auto& [id, request] : requests_) {
    const auto& p = request.progress;
    if (is_terminal(p.state) || !is_asked_for(request)) continue;
    if (is_due(request, query.now)) {
      if (p.state == RequestState::received) work.check = true;
      if (p.state == RequestState::allowed) add(work.send, request);
      if (p.state == RequestState::sent) add(work.follow, request);
    } else if (!p.owner && p.next_action) {
      if (!work.next || *p.next_action < *work.next) work.next = p.next_action;
    }
  }
  return work;
}

Result<StoreSurvey> MemoryRepository::survey(Timestamp now) {
  StoreSurvey survey;
  survey.parked_results = static_cast<std::int64_t>(parked_.size());
  survey.waiting_results = static_cast<std::int64_t>(results_.size());
  survey.waiting_notices = static_cast<std::int64_t>(notices_.size());
  std::map<ZoneName, ZoneCount> zones;
  const auto zone_count = [&](const ZoneName& zone) -> ZoneCount& {
    return zones.try_emplace(zone, ZoneCount{zone, is_paused(zone), places_taken(zone), 0, 0}).first->second;
  };
  for (const auto& [zone, paused] : paused_) zone_count(zone);
  for (const auto state : {RequestState::received, RequestState::allowed, RequestState::sent}) {
    StateCount count{state, 0, {}};
    for (const auto& [id, request] : requests_) {
      const auto& p = request.progress;
      if (p.state != state) continue;
      ++count.count;
      if (!count.oldest_received || request.order.received < *count.oldest_received)
        count.oldest_received = request.order.received;
      if (!p.owner && !p.next_action) ++survey.rows_without_next_step;
      if (p.terms) {
        auto& zone = zone_count(p.terms->zone);
        if (state == RequestState::allowed && !p.owner) ++zone.waiting;
        if (state == RequestState::sent && p.result_due && *p.result_due < now) ++zone.overdue;
      }
    }
    survey.states.push_back(count);
  }
  for (auto& [name, zone] : zones) survey.zones.push_back(zone);
  for (const auto& [id, instance] : instances_) survey.controllers.push_back({id, instance.program, instance.started});
  return survey;
}

// It, or the same body from the same zone for the same reason.
bool MemoryRepository::is_parked(const ParkedResult& parked) const {
  return parked_.contains(parked.id) || std::any_of(parked_.begin(), parked_.end(), [&](const auto& entry) {
           const auto& other = entry.second;
           return other.command_id == parked.command_id && other.zone == parked.zone &&
                  other.reason_code == parked.reason_code && other.body == parked.body;
         });
}

std::vector<ResultRecord>::iterator MemoryRepository::find_result(const ResultKey& key) {
  return std::find_if(results_.begin(), results_.end(), [&](const ResultRecord& record) {
    return record.command_id == key.command_id && record.body == key.body;
  });
}

}  // namespace backupctl::testing
