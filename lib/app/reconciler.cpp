#include "app/reconciler.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "domain/import.hpp"

namespace backupctl::app {
namespace {

constexpr std::int64_t page_rows = 500;
constexpr std::size_t most_listed = 1000;

Error no_zone(const ZoneName& zone) { return {ErrorKind::not_found, "there is no zone " + zone.str()}; }
Error not_adoptable(std::string why) { return {ErrorKind::conflict, std::move(why), false, "not-adoptable"}; }

std::vector<RequestId> ids_of(const std::vector<Manifest>& manifests) {
  std::vector<RequestId> ids;
  ids.reserve(manifests.size());
  for (const auto& manifest : manifests) ids.push_back(manifest.backup_request_id);
  return ids;
}

}  // namespace

ZoneClient* Reconciler::client_of(const ZoneName& zone) {
  for (const auto& configured : context_.zones()) {
    if (configured.name == zone) return &configured.client;
  }
  return nullptr;
}

// ---- One backup ----------------------------------------------------------------------------------------------------

struct Reconciler::Search {
  ZoneClient& client;
  RequestId id;
  std::optional<ParkedResultId> adopted;
  Act act;
  Handler<Result<BackupRequest>> handler;
  std::string cursor{};
};

void Reconciler::import_one(const ZoneName& zone, RequestId id, std::optional<ParkedResultId> adopted, Act act,
                            Handler<Result<BackupRequest>> handler) {
  auto* client = client_of(zone);
  if (!client) return handler(no_zone(zone));
  search(std::make_shared<Search>(Search{*client, id, std::move(adopted), std::move(act), std::move(handler)}));
}

void Reconciler::search(std::shared_ptr<Search> search) {
  search->client.list(search->cursor, context_.back<Result<ManifestList>>([this, search](const auto& page) {
    if (!page) return search->handler(page.error());
    for (const auto& manifest : page->items) {
      if (manifest.backup_request_id == search->id) {
        return import(manifest, search->adopted, search->act, search->handler);
      }
    }
    if (!page->next_cursor) {
      return search->handler(
          not_adoptable("neither the store knows its request nor does the zone hold a backup of it"));
    }
    search->cursor = *page->next_cursor;
    this->search(search);
  }));
}

void Reconciler::import(const Manifest& manifest, std::optional<ParkedResultId> adopted, const Act& act,
                        Handler<Result<BackupRequest>> handler) {
  auto with_job = [this, manifest, adopted, act, handler](const SharedJobAnswer& shared) {
    const auto& answer = *shared;
    if (!answer.job) return handler(answer.job.error());
    if (!*answer.job) return handler(not_adoptable("there is no backup job " + manifest.job_id.to_string()));
    auto imported = import_backup(manifest, **answer.job,
                                  {act.actor, "imported from zone " + manifest.zone.str() + " by " + act.actor.str(),
                                   context_.new_id<BackupId>(), context_.now()});
    AdmitRequest admit{.request = std::move(imported.request),
                       .history = std::move(imported.history),
                       .job_version = **answer.job,
                       .backup = std::move(imported.backup),
                       .adopted = adopted};
    admit.audit = {context_.audit(act.actor.str(), "backup-imported",
                                  "backup-request:" + manifest.backup_request_id.to_string(),
                                  manifest.zone.str() + " " + manifest.storage_path + " " + manifest.verify_hash +
                                      (act.reason.empty() ? "" : "; " + act.reason))};
    auto on_outcome = [handler, made = admit.backup->id](const Outcome& outcome) {
      if (outcome.status == OutcomeStatus::failed) return handler(*outcome.error);
      // Somebody else has imported it: what was to go with it, a parked result, is still there.
      if (outcome.current->progress.backup_id != made) {
        return handler(
            Error{ErrorKind::conflict, "the request changed meanwhile, try again", true, "changed-meanwhile"});
      }
      handler(*outcome.current);
    };
    committer_.submit(std::move(admit), Patience::once, std::move(on_outcome));
  };
  jobs_.read(manifest.job_id, {manifest.backup_request_id, {}}, std::move(with_job));
}

// ---- All of a zone -------------------------------------------------------------------------------------------------

struct Reconciler::Round {
  ZoneName zone;
  ZoneClient& client;
  bool import;
  Act act;
  Handler<Result<ReconcileReport>> handler;
  Timestamp started;
  ReconcileReport report{};
  std::string cursor{};
  bool is_last_page = false;
  std::unordered_set<RequestId> held{};
  std::vector<Manifest> orphans{};  // of the page in hand
  std::unordered_map<RequestId, BackupRequest> requests{};
};

void Reconciler::reconcile(ZoneName zone, bool import, Act act, Handler<Result<ReconcileReport>> handler) {
  auto* client = client_of(zone);
  if (!client) return handler(no_zone(zone));
  auto round = std::make_shared<Round>(
      Round{std::move(zone), *client, import, std::move(act), std::move(handler), context_.now()});
  auto entry = context_.audit(round->act.actor.str(), import ? "zone-reconciled-with-import" : "zone-reconciled",
                              "zone:" + round->zone.str(), round->act.reason);
  committer_.submit(WriteAudit{std::move(entry)}, Patience::once, [this, round](const Outcome& outcome) {
    if (outcome.status == OutcomeStatus::failed) return round->handler(*outcome.error);
    next_zone_page(round);
  });
}

void Reconciler::next_zone_page(std::shared_ptr<Round> round) {
  if (round->is_last_page) return next_store_page(round, {});
  round->client.list(round->cursor, context_.back<Result<ManifestList>>([this, round](auto page) {
    if (!page) return round->handler(page.error());
    round->is_last_page = !page->next_cursor;
    round->cursor = page->next_cursor.value_or("");
    compare(round, std::move(page->items));
  }));
}

void Reconciler::compare(std::shared_ptr<Round> round, std::vector<Manifest> page) {
  if (page.empty()) return next_zone_page(round);
  round->report.held += static_cast<std::int64_t>(page.size());
  for (const auto& manifest : page) round->held.insert(manifest.backup_request_id);
  auto ids = ids_of(page);
  const auto count = static_cast<std::int64_t>(ids.size());
  auto with_backups = [this, round, page = std::move(page)](const Result<std::vector<Backup>>& known) mutable {
    if (!known) return round->handler(known.error());
    std::unordered_set<RequestId> recorded;
    for (const auto& backup : *known) recorded.insert(backup.request_id);
    std::erase_if(page, [&](const Manifest& manifest) { return recorded.contains(manifest.backup_request_id); });
    classify(round, std::move(page));
  };
  context_.repository().list_backups({.request_ids = std::move(ids), .limit = count},
                                     context_.back<Result<std::vector<Backup>>>(std::move(with_backups)));
}

// What an open request will still account for by itself is no orphan.
void Reconciler::classify(std::shared_ptr<Round> round, std::vector<Manifest> unknown) {
  if (unknown.empty()) return next_zone_page(round);
  auto ids = ids_of(unknown);
  const auto count = static_cast<std::int64_t>(ids.size());
  auto with_requests = [this, round, unknown = std::move(unknown)](const auto& rows) mutable {
    if (!rows) return round->handler(rows.error());
    round->requests.clear();
    for (const auto& row : *rows) round->requests.emplace(row.order.id, row);
    round->orphans.clear();
    for (auto& manifest : unknown) {
      const auto row = round->requests.find(manifest.backup_request_id);
      if (row != round->requests.end() && !is_terminal(row->second.progress.state)) {
        ++round->report.open;
        continue;
      }
      // Recorded since the backups were looked for.
      if (row != round->requests.end() && row->second.progress.backup_id) continue;
      ++round->report.orphans;
      if (round->report.orphan_list.size() < most_listed) round->report.orphan_list.push_back(manifest);
      round->orphans.push_back(std::move(manifest));
    }
    if (!round->import) round->orphans.clear();
    next_orphan(round);
  };
  context_.repository().list_requests({.ids = std::move(ids), .limit = count},
                                      context_.back<Result<std::vector<BackupRequest>>>(std::move(with_requests)));
}

void Reconciler::next_orphan(std::shared_ptr<Round> round) {
  if (round->orphans.empty()) return next_zone_page(round);
  const auto manifest = std::move(round->orphans.back());
  round->orphans.pop_back();
  const auto done = [this, round, id = manifest.backup_request_id](bool imported, const std::string& problem) {
    if (imported) {
      ++round->report.imported;
    } else if (round->report.problems.size() < most_listed) {
      round->report.problems.push_back(id.to_string() + ": " + problem);
    }
    context_.post([this, round] { next_orphan(round); });
  };
  const auto row = round->requests.find(manifest.backup_request_id);
  if (row == round->requests.end()) {
    return import(manifest, {}, round->act, [done](const Result<BackupRequest>& imported) {
      done(imported.has_value(), imported ? std::string() : imported.error().detail);
    });
  }
  // Ended without a backup, and the zone has one: its success came late.
  const Adoption adoption{round->act.actor, "imported from zone " + round->zone.str() + " by " + round->act.actor.str(),
                          context_.new_id<BackupId>(), context_.now()};
  auto adopted = adopt(row->second, {}, result_of(manifest), adoption);
  if (!adopted) return done(false, adopted.error().detail);
  auto change = change_of(row->second, *std::move(adopted));
  change.audit = {context_.audit(round->act.actor.str(), "backup-imported",
                                 "backup-request:" + manifest.backup_request_id.to_string(),
                                 manifest.zone.str() + " " + manifest.storage_path + " " + manifest.verify_hash)};
  auto once = [change = std::move(change)](const BackupRequest& now) -> std::optional<ChangeRequest> {
    if (now.progress.revision + 1 != change.next.revision) return {};
    return change;
  };
  amender_.amend(row->second, std::move(once), [done](const Amended& amended) {
    done(amended.kind == Amended::Kind::written, "the request changed meanwhile, reconcile again");
  });
}

void Reconciler::next_store_page(std::shared_ptr<Round> round, std::optional<BackupId> after) {
  BackupQuery query{.zone = round->zone, .state = BackupState::stored, .after = after, .limit = page_rows};
  context_.repository().list_backups(std::move(query),
                                     context_.back<Result<std::vector<Backup>>>([this, round](const auto& page) {
                                       if (!page) return round->handler(page.error());
                                       for (const auto& backup : *page) {
                                         ++round->report.stored;
                                         // What was made while the zone told its list may not have been on it.
                                         const bool is_newer = backup.copy_end && *backup.copy_end >= round->started;
                                         if (is_newer || round->held.contains(backup.request_id)) continue;
                                         ++round->report.missing;
                                         if (round->report.missing_list.size() < most_listed)
                                           round->report.missing_list.push_back(backup);
                                       }
                                       if (static_cast<std::int64_t>(page->size()) < page_rows)
                                         return round->handler(round->report);
                                       next_store_page(round, page->back().id);
                                     }));
}

}  // namespace backupctl::app
