#include "crash/store_workload.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

namespace backupctl::testing {

namespace {

constexpr std::int64_t all_rows = 100'000;

template <class AnyId>
AnyId id_of(char kind, int number) {
  char text[37];
  std::snprintf(text, sizeof text, "01900000-000%c-7000-8000-%012d", kind, number);
  return AnyId::parse(text).value();
}

ZoneName zone() { return ZoneName::parse("files").value(); }

BackupJob job(std::int64_t version) {
  return {.id = id_of<JobId>('2', 1),
          .version = version,
          .name = "ledger",
          .approval = ApprovalState::approved,
          .zone = zone(),
          .storage_path = "ledger",
          .days_to_keep = 3650,
          .allowed_requesters = {"batch-night"},
          .source_roots = {"/data/ledger"}};
}

void open_step(RequestProgress& next, Timestamp now) {
  next.owner.reset();
  next.next_action = now;
}

}  // namespace

Result<StoreContent> content_of(BlockingRepository& store) {
  StoreContent content;
  auto requests = store.list_requests({.limit = all_rows});
  if (!requests) return std::move(requests).error();
  content.requests = *std::move(requests);
  for (const auto& request : content.requests) {
    auto history = store.history(request.order.id);
    if (!history) return std::move(history).error();
    content.histories[request.order.id] = *std::move(history);
  }
  auto backups = store.list_backups({.limit = all_rows});
  if (!backups) return std::move(backups).error();
  content.backups = *std::move(backups);
  auto results = store.waiting_results(all_rows);
  if (!results) return std::move(results).error();
  content.results = *std::move(results);
  auto parked = store.list_parked({.limit = all_rows});
  if (!parked) return std::move(parked).error();
  content.parked = *std::move(parked);
  const auto survey = store.survey(Timestamp{});
  if (!survey) return survey.error();
  for (const auto& each : survey->zones) {
    if (each.paused) content.paused.insert(each.zone);
  }
  return content;
}

std::string contradiction_in(const StoreContent& content) {
  std::map<RequestId, int> backups;
  for (const auto& backup : content.backups) ++backups[backup.request_id];
  for (const auto& request : content.requests) {
    const auto id = request.order.id.to_string();
    const auto& progress = request.progress;
    const auto& history = content.histories.at(request.order.id);
    if (history.empty() || history.back().state != progress.state) return "the history of " + id + " ends otherwise";
    const auto expected = progress.state == RequestState::succeeded ? 1 : 0;
    if (backups[request.order.id] != expected) return id + " has not the backups that its state says";
    if (!is_terminal(progress.state) && !progress.owner && !progress.next_action) return id + " is stuck";
  }
  if (backups.size() != content.requests.size()) return "a backup of no request";
  return {};
}

std::string difference(const StoreContent& is, const StoreContent& should_be) {
  const auto counts = [](const char* what, std::size_t is_now, std::size_t expected) {
    return std::string(what) + ": " + std::to_string(is_now) + " instead of " + std::to_string(expected);
  };
  if (is.requests.size() != should_be.requests.size())
    return counts("requests", is.requests.size(), should_be.requests.size());
  for (std::size_t i = 0; i < is.requests.size(); ++i) {
    const auto& [row, expected] = std::pair(is.requests[i], should_be.requests[i]);
    if (row == expected) continue;
    return "request " + row.order.id.to_string() + ": " + std::string(to_string(row.progress.state)) + " revision " +
           std::to_string(row.progress.revision) + " instead of " + std::string(to_string(expected.progress.state)) +
           " revision " + std::to_string(expected.progress.revision);
  }
  if (is.histories != should_be.histories) return "histories";
  if (is.backups != should_be.backups) return counts("backups", is.backups.size(), should_be.backups.size());
  if (is.results != should_be.results) return counts("results", is.results.size(), should_be.results.size());
  if (is.parked != should_be.parked) return counts("parked", is.parked.size(), should_be.parked.size());
  if (is.paused != should_be.paused) return counts("paused zones", is.paused.size(), should_be.paused.size());
  return {};
}

std::vector<Command> StoreWorkload::next(MemoryRepository& store) {
  std::vector<Command> group;
  std::set<RequestId> taken;
  const int size = 1 + below(6);
  std::vector<BackupRequest> open;
  for (const auto& [id, request] : store.requests()) {
    if (!is_terminal(request.progress.state)) open.push_back(request);
  }
  std::shuffle(open.begin(), open.end(), random_);
  for (int i = 0; i < size; ++i) {
    const auto* row = open.empty() || !taken.insert(open.back().order.id).second ? nullptr : &open.back();
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
        group.emplace_back(admit());
        break;
      case 3:
        group.emplace_back(
            Park{{id_of<ParkedResultId>('5', ++number_), id_of<RequestId>('9', number_), zone(), "unknown-command",
                  now(), std::string(static_cast<std::size_t>(below(chance(6) ? 9'000 : 300)), 'p')}});
        break;
      case 4:
        if (!std::ranges::any_of(group, [](const auto& c) { return std::holds_alternative<PauseZone>(c); }))
          group.emplace_back(PauseZone{zone(), chance(2)});
        break;
      case 5:
        if (row) {
          group.emplace_back(
              KeepResult{{.command_id = row->order.id,
                          .zone = zone(),
                          .body = std::string(static_cast<std::size_t>(1 + below(chance(6) ? 20'000 : 300)), 'b') +
                                  std::to_string(++number_),
                          .received = now(),
                          .problem = "odd"}});
        }
        break;
      case 6: {
        const auto waiting = store.waiting_results(1).value();
        if (!waiting.empty() && taken.insert(waiting[0].command_id).second) {
          SettleResult settle{{waiting[0].command_id, waiting[0].body}, {}};
          if (chance(2)) {
            settle.parked = ParkedResult{id_of<ParkedResultId>('5', ++number_),
                                         waiting[0].command_id,
                                         zone(),
                                         "unreadable",
                                         now(),
                                         waiting[0].body};
          }
          group.emplace_back(std::move(settle));
        }
        break;
      }
      default:
        if (row) group.emplace_back(change(*row, store));
    }
    if (row) open.pop_back();
  }
  if (group.empty()) group.emplace_back(admit());
  return group;
}

AdmitRequest StoreWorkload::admit() {
  const auto received = now();
  const int number = ++number_;
  BackupRequest request{
      .order = {
          .id = id_of<RequestId>('1', number),
          .job_id = id_of<JobId>('2', 1),
          .source =
              SourcePath::parse("/data/ledger/" + std::string(static_cast<std::size_t>(1 + below(300)), 'x')).value(),
          .data_as_of = CivilDate::parse("2021-01-0" + std::to_string(1 + below(9))).value(),
          .requester = OwnerName::parse("batch-night").value(),
          .transport = TransportKind::http,
          .received = received}};
  if (chance(2)) request.order.key = IdempotencyKey::parse("key " + std::to_string(number)).value();
  AdmitRequest admit{request, {{RequestState::received, received, {}}}};
  auto& progress = admit.request.progress;
  open_step(progress, received);
  if (chance(2)) {
    progress.state = RequestState::allowed;
    progress.checked = now();
    progress.check_attempts = 1;
    progress.terms = AllowedTerms{1 + below(3), zone(), "ledger", 3650};
    admit.history.push_back({RequestState::allowed, *progress.checked, "allowed"});
    admit.job_version = job(progress.terms->job_version);
  }
  return admit;
}

ChangeRequest StoreWorkload::change(const BackupRequest& row, MemoryRepository& store) {
  ChangeRequest change{row.order.id, row.progress.state, row.progress};
  auto& next = change.next;
  ++next.revision;
  const auto at = now();
  const auto end = [&](RequestState state) {
    next.state = state;
    next.owner.reset();
    next.next_action.reset();
  };
  switch (row.progress.state) {
    case RequestState::received:
      next.checked = at;
      if (chance(4)) {
        end(RequestState::not_allowed);
        next.reason = "the job does not name the requester";
      } else {
        next.state = RequestState::allowed;
        next.terms = AllowedTerms{1 + below(3), zone(), "ledger", 3650};
        change.job_version = job(next.terms->job_version);
        open_step(next, at);
      }
      break;
    case RequestState::allowed:
      next.state = RequestState::sent;
      next.sent = at;
      next.send_attempts = 1;
      next.result_due = at + std::chrono::hours(1);
      open_step(next, *next.result_due);
      break;
    default: {
      next.result_received = at;
      next.result_recorded = at;
      const auto waiting = store.waiting_results(all_rows).value();
      const auto own = std::ranges::find(waiting, row.order.id, &ResultRecord::command_id);
      if (own != waiting.end()) change.recorded = ResultKey{own->command_id, own->body};
      if (chance(4)) {
        end(chance(2) ? RequestState::failed : RequestState::cancelled);
        next.reason = "source-missing";
        break;
      }
      end(RequestState::succeeded);
      next.backup_id = id_of<BackupId>('3', ++number_);
      change.backup = Backup{.id = *next.backup_id,
                             .request_id = row.order.id,
                             .job_id = row.order.job_id,
                             .zone = row.progress.terms->zone,
                             .data_as_of = row.order.data_as_of,
                             .storage_path = "ledger/" + std::to_string(number_),
                             .byte_count = number_,
                             .verify_hash = "sha256:00",
                             .job_version = row.progress.terms->job_version,
                             .days_to_keep = 3650};
    }
  }
  change.history.push_back({next.state, at, next.reason});
  if (chance(15)) ++next.revision;  // as of one who has not seen the last change: the guard refuses it
  return change;
}

}  // namespace backupctl::testing
