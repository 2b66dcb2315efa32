#include "sim/clients.hpp"

#include <string>
#include <utility>

namespace backupctl::sim {
namespace {

constexpr Duration zone_patience = std::chrono::seconds(3);

Act operator_act() { return {OwnerName::parse("operator").value(), "simulated"}; }

template <class T>
const T& one_of(SimRandom& random, const std::vector<T>& list) {
  return list[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(list.size())))];
}

}  // namespace

SimNode* Clients::some_node() {
  std::vector<SimNode*> live;
  for (const auto& node : nodes_) {
    if (node->controller()) live.push_back(node.get());
  }
  return live.empty() ? nullptr : one_of(shop_.random, live);
}

void Clients::plan(Duration until) {
  auto& random = shop_.random;
  const auto some_time = [&] { return random.up_to(until); };
  const auto submissions = 6 + random.below(9);
  // Some come at once, so that they meet each other's checks and fill the zones.
  const auto rush = some_time();
  for (int i = 0; i < submissions; ++i) {
    ++coming_;
    const auto at = shop_.chance(30) ? rush + random.up_to(std::chrono::milliseconds(500)) : some_time();
    shop_.time.at(at, [this, submission = some_submission(i)] {
      --coming_;
      submit(submission, 5);
    });
  }
  for (auto cancels = random.below(5); cancels > 0; --cancels) shop_.time.at(some_time(), [this] { cancel(); });
  for (auto acts = random.below(4); acts > 0; --acts) shop_.time.at(some_time(), [this] { do_by_hand(); });
  for (auto pauses = random.below(3); pauses > 0; --pauses) {
    const auto zone = one_of(random, zones_)->name();
    const auto from = some_time();
    shop_.time.at(from, [this, zone] { pause(zone, true); });
    if (shop_.chance(70)) {
      shop_.time.at(from + random.up_to(std::chrono::seconds(15)), [this, zone] { pause(zone, false); });
    }
  }
  if (shop_.chance(20)) shop_.time.at(some_time(), [this] { lose_a_request(); });
  if (!shop_.chance(40)) return;
  for (auto rogues = 1 + random.below(3); rogues > 0; --rogues) {
    shop_.time.at(some_time(), [this] { leave_rogue_result(); });
  }
}

Submission Clients::some_submission(int number) {
  auto& random = shop_.random;
  Submission submission{.job_id = SimJobs::job(static_cast<std::uint8_t>(random.below(shop_.chance(10) ? 4 : 2))),
                        .source = SourcePath::parse(shop_.chance(5) ? "/elsewhere/x" : "/data/x").value(),
                        .data_as_of = CivilDate::from_days(20'000 + random.below(2)),
                        .requester = OwnerName::parse(shop_.chance(5) ? "stranger" : "client").value(),
                        .respond_async = shop_.chance(20),
                        .checked_first_if_quick = shop_.chance(50)};
  if (shop_.chance(30)) submission.transport = TransportKind::file_drop;
  // Some use a key that others use, too, for the same or for something else.
  if (shop_.chance(60)) {
    const auto key = shop_.chance(60) ? number + 100 : static_cast<int>(random.below(4));
    submission.key = IdempotencyKey::parse("key-" + std::to_string(key)).value();
  }
  return submission;
}

// A client that tries again under its key until it is answered.
void Clients::submit(const Submission& submission, int tries_left) {
  const auto again = [this, submission, tries_left] {
    if (!submission.key || tries_left == 0) return;
    ++coming_;
    shop_.time.after(shop_.random.up_to(std::chrono::seconds(6)), [this, submission, tries_left] {
      --coming_;
      submit(submission, tries_left - 1);
    });
  };
  auto* node = some_node();
  if (!node) return again();
  const auto ask = ++asked_;
  owed_.emplace(ask, Owed{node, node->life()});
  // It may also lose patience and ask another, while the first is still at it.
  if (submission.key && shop_.chance(15)) again();
  node->controller()->async_submit(submission, [this, ask, submission, again](const SubmitReply& reply) {
    if (owed_.erase(ask) == 0) shop_.model.violation("an answer was given twice");
    shop_.note("answered", reply.error ? reply.error->code : "ok");
    shop_.model.answered(submission, reply);
    if (reply.request) acknowledged_.push_back(reply.request->order.id);
    if (reply.error && reply.error->retryable) again();
  });
}

void Clients::cancel() {
  auto* node = some_node();
  if (!node || acknowledged_.empty()) return;
  const auto id = one_of(shop_.random, acknowledged_);
  shop_.model.cancel_called(id);
  shop_.note("cancel", id.to_string());
  node->controller()->async_cancel(id, operator_act(), [this](const Result<BackupRequest>& row) {
    shop_.note("cancelled", row ? to_string(row->progress.state) : "error");
  });
}

void Clients::do_by_hand() {
  switch (shop_.random.below(8)) {
    case 0:
      return act_on_all(BulkAct::cancel);
    case 1:
      return act_on_all(BulkAct::resend);
    case 2:
    case 3:
      return reconcile(one_of(shop_.random, zones_)->name(), shop_.chance(70));
    case 4:
      return dismiss();
    default:
      // With nothing parked yet, a little later.
      if (!shop_.store.parked().empty()) return adopt();
      shop_.time.after(shop_.random.up_to(std::chrono::seconds(20)), [this] { adopt(); });
  }
}

void Clients::dismiss() {
  auto* node = some_node();
  const auto& parked = shop_.store.parked();
  if (!node || parked.empty()) return;
  const auto id = std::next(parked.begin(), shop_.random.below(static_cast<std::int64_t>(parked.size())))->first;
  shop_.model.dismiss_called(id);
  shop_.note("dismiss", id.to_string());
  node->controller()->async_dismiss(id, operator_act(), [this, id](const Result<void>& gone) {
    if (gone) shop_.model.done("parked-result-dismissed", "parked-result:" + id.to_string());
  });
}

void Clients::adopt() {
  auto* node = some_node();
  const auto& all = shop_.store.parked();
  if (!node || all.empty()) return;
  const auto parked = std::next(all.begin(), shop_.random.below(static_cast<std::int64_t>(all.size())))->second;
  const auto* result = shop_.model.kept_result(parked);
  if (!result) return;  // nobody can read it
  shop_.model.adopt_called(parked, *result);
  shop_.note("adopt", parked.id.to_string(), parked.command_id.to_string());
  node->controller()->async_adopt(parked, *result, operator_act(), [this, parked](const Result<BackupRequest>& row) {
    shop_.note("adopted", row ? to_string(row->progress.state) : row.error().code);
    if (row) shop_.model.adopted(parked, *row);
  });
}

void Clients::act_on_all(BulkAct what) {
  auto* node = some_node();
  if (!node) return;
  RequestQuery filter;
  if (shop_.chance(50)) filter.job_id = SimJobs::job(static_cast<std::uint8_t>(shop_.random.below(2)));
  if (shop_.chance(30)) filter.zone = one_of(shop_.random, zones_)->name();
  if (shop_.chance(30)) filter.state = shop_.chance(50) ? RequestState::failed : RequestState::sent;
  shop_.model.bulk_called(what, filter);
  const std::string action = what == BulkAct::cancel ? "backup-requests-cancel" : "backup-requests-resend";
  shop_.note(action);
  node->controller()->async_on_all(filter, what, operator_act(), [this, action](const Result<BulkReport>& report) {
    shop_.note("acted-on-all", report ? std::to_string(report->changed) : "error");
    if (report) shop_.model.done(action, "backup-requests");
  });
}

void Clients::reconcile(const ZoneName& zone, bool import) {
  auto* node = some_node();
  if (!node) return;
  shop_.model.reconcile_called(zone, import);
  const std::string action = import ? "zone-reconciled-with-import" : "zone-reconciled";
  shop_.note(action, zone.str());
  auto on_report = [this, zone, action](const Result<ReconcileReport>& report) {
    shop_.note("reconciled", report ? std::to_string(report->imported) : "error");
    if (report) shop_.model.done(action, "zone:" + zone.str());
  };
  node->controller()->async_reconcile(zone, import, operator_act(), std::move(on_report));
}

// As after a restore of yesterday's store: a zone holds the backup of a request that the store does not know, and may
// still bring its result.
void Clients::lose_a_request() {
  auto& random = shop_.random;
  auto& zone = *one_of(random, zones_);
  boost::uuids::uuid lost{};
  lost.data[0] = static_cast<std::uint8_t>(201 + random.below(50));
  const Manifest manifest{RequestId{lost},
                          SimJobs::job(static_cast<std::uint8_t>(random.below(4))),
                          CivilDate::from_days(20'000 + random.below(2)),
                          SourcePath::parse("/data/x").value(),
                          "store/lost",
                          shop_.wall().time_since_epoch().count(),
                          "sha256:00",
                          shop_.wall(),
                          zone.name()};
  shop_.note("lost-request", manifest.backup_request_id.to_string());
  zone.hold(manifest);
  if (shop_.chance(50)) return;
  const ZoneResult result{.command_id = manifest.backup_request_id,
                          .code = ResultCode::succeeded,
                          .zone = zone.name(),
                          .storage_path = manifest.storage_path,
                          .byte_count = manifest.byte_count,
                          .copy_end = manifest.copy_end,
                          .verify_hash = manifest.verify_hash};
  zone.leave_result({result.command_id, zone.name(), describe(result), shop_.wall(), result, {}});
}

void Clients::pause(const ZoneName& zone, bool paused) {
  shop_.note(paused ? "pause" : "resume", zone.str());
  if (auto* node = some_node()) node->controller()->async_pause_zone(zone, paused, operator_act(), [](const auto&) {});
}

void Clients::resume_zones() {
  bool all = true;
  for (const auto& [zone, paused] : shop_.store.paused()) {
    if (!paused) continue;
    all = false;
    pause(zone, false);
  }
  // A pause that is still on its way to the store comes later than this.
  if (!all || shop_.time.now() < std::chrono::minutes(2)) {
    shop_.time.after(std::chrono::seconds(3), [this] { resume_zones(); });
  }
}

void Clients::deliver(ResultRecord record, Handler<bool> acknowledged) {
  auto* node = some_node();
  if (!node) return acknowledged(false);
  auto open = std::make_shared<bool>(true);
  const auto once = [open, acknowledged = std::move(acknowledged)](bool kept) {
    if (std::exchange(*open, false)) acknowledged(kept);
  };
  shop_.model.delivered(record);
  node->controller()->async_put_result(std::move(record), [once](const Result<void>& kept) { once(kept.has_value()); });
  shop_.time.after(zone_patience, [once] { once(false); });
}

void Clients::leave_rogue_result() {
  auto& random = shop_.random;
  auto& from = *one_of(random, zones_);
  boost::uuids::uuid unknown{};
  unknown.data[0] = static_cast<std::uint8_t>(1 + random.below(200));
  RequestId id{unknown};
  const auto& rows = shop_.store.requests();
  if (!rows.empty() && shop_.chance(80))
    id = std::next(rows.begin(), random.below(static_cast<std::int64_t>(rows.size())))->first;
  ZoneResult result{.command_id = id,
                    .code = shop_.chance(70) ? ResultCode::succeeded : ResultCode::failed,
                    .zone = from.name(),
                    .storage_path = "rogue",
                    .byte_count = shop_.time.now().count()};
  ResultRecord record{id, from.name(), {}, shop_.wall(), result, {}};
  switch (random.below(5)) {
    case 0:  // nobody can read it
      record.result.reset();
      record.problem = "simulated: not JSON";
      break;
    case 1:  // it tells of another command than it was left for
      record.result->command_id = RequestId{unknown};
      break;
    case 2:  // it names another zone than the one that left it
      record.result->zone = one_of(random, zones_)->name();
      break;
    default:
      break;
  }
  record.body = record.result ? describe(*record.result) : "garbage " + std::to_string(random.below(3));
  shop_.note("rogue-result", record.body);
  from.leave_result(std::move(record));
}

bool Clients::are_content() {
  std::erase_if(owed_, [](const auto& entry) { return entry.second.node->life() != entry.second.life; });
  return owed_.empty() && coming_ == 0;
}

}  // namespace backupctl::sim
