#include "app/acts.hpp"

#include <utility>

#include "domain/import.hpp"

namespace backupctl::app {
namespace {

constexpr std::int64_t bulk_page_rows = 200;

std::string name_of(const BackupRequest& row) { return "backup-request:" + row.order.id.to_string(); }

std::string by(const std::string& what, const Act& act) {
  return what + " by " + act.actor.str() + (act.reason.empty() ? "" : ": " + act.reason);
}

Error gone(RequestId id) { return {ErrorKind::not_found, "there is no backup request " + id.to_string()}; }

}  // namespace

void Acts::cancel(RequestId id, Act act, Handler<Result<BackupRequest>> handler) {
  if (committer_.is_full()) {
    return handler(Error{ErrorKind::overloaded, "too much waits to be written", true, "overloaded"});
  }
  const auto with_row = [this, id, act = std::move(act), handler](const Result<std::optional<BackupRequest>>& row) {
    if (!row) return handler(row.error());
    if (!*row) return handler(gone(id));
    cancel_row(**row, act, [this, handler](Result<BackupRequest> cancelled) {
      if (cancelled) wake_();
      handler(std::move(cancelled));
    });
  };
  context_.repository().find_request(id, context_.back<Result<std::optional<BackupRequest>>>(with_row));
}

void Acts::cancel_row(const BackupRequest& row, const Act& act, Handler<Result<BackupRequest>> handler) {
  auto decider = [this, act](const BackupRequest& now) -> std::optional<ChangeRequest> {
    auto decision = decide(now, CancelAsked{by("asked for", act)}, context_.now());
    if (!decision) return {};
    auto change = change_of(now, std::move(*decision));
    change.audit = {context_.audit(act.actor.str(), "backup-request-cancel", name_of(now), act.reason)};
    return change;
  };
  amender_.amend(row, std::move(decider), [handler = std::move(handler), id = row.order.id](const Amended& amended) {
    if (amended.kind == Amended::Kind::failed) return handler(unavailable("the cancel could not be stored"));
    if (!amended.row) return handler(gone(id));
    const auto state = amended.row->progress.state;
    if (amended.kind == Amended::Kind::nothing_to_do && is_terminal(state)) {
      return handler(Error{ErrorKind::conflict, "the backup request has ended: it is " + std::string(to_string(state)),
                           false, "terminal"});
    }
    handler(*amended.row);
  });
}

// An ended request stays as it is: its command never runs twice. What it asked for is asked anew, once however often
// this is repeated; an open one is taken up at once instead of when it would have been.
void Acts::retry_row(const BackupRequest& row, Handler<bool> handler) {
  const auto state = row.progress.state;
  if (state == RequestState::failed || state == RequestState::cancelled) {
    Submission again{.job_id = row.order.job_id,
                     .source = row.order.source,
                     .data_as_of = row.order.data_as_of,
                     .requester = row.order.requester,
                     .key = IdempotencyKey::parse("resend:" + row.order.id.to_string()).value(),
                     .transport = row.order.transport,
                     .traceparent = row.order.traceparent,
                     .respond_async = true};
    return admissions_.submit(std::move(again), [handler = std::move(handler)](const SubmitReply& reply) {
      handler(reply.request.has_value() && !reply.seen_before);
    });
  }
  // No step, so its history says nothing of it; the audit tells who wanted all of them hurried.
  auto decider = [this](const BackupRequest& now) -> std::optional<ChangeRequest> {
    if (is_terminal(now.progress.state) || now.progress.owner) return {};
    if (now.progress.next_action && *now.progress.next_action <= context_.now()) return {};
    ChangeRequest change{.id = now.order.id, .from = now.progress.state, .next = now.progress};
    ++change.next.revision;
    release(change.next, context_.now());
    return change;
  };
  amender_.amend(row, std::move(decider), [handler = std::move(handler)](const Amended& amended) {
    handler(amended.kind == Amended::Kind::written);
  });
}

struct Acts::Bulk {
  RequestQuery filter;
  BulkAct what;
  Act act;
  Handler<Result<BulkReport>> handler;
  BulkReport report{};
  std::vector<BackupRequest> rows{};
  std::size_t at = 0;
  bool is_last_page = false;
};

void Acts::on_all(RequestQuery filter, BulkAct what, Act act, Handler<Result<BulkReport>> handler) {
  auto bulk = std::make_shared<Bulk>(Bulk{std::move(filter), what, std::move(act), std::move(handler)});
  const auto& f = bulk->filter;
  std::string described = bulk->act.reason;
  const auto add = [&](std::string_view name, const std::string& value) {
    described.append("\n").append(name).append(" ").append(value);
  };
  if (f.state) add("stateCode", std::string(to_string(*f.state)));
  if (f.zone) add("zone", f.zone->str());
  if (f.job_id) add("backupJobId", f.job_id->to_string());
  if (f.received_from) add("receivedFrom", to_string(*f.received_from));
  if (f.received_to) add("receivedTo", to_string(*f.received_to));
  auto entry = context_.audit(bulk->act.actor.str(),
                              what == BulkAct::cancel ? "backup-requests-cancel" : "backup-requests-resend",
                              "backup-requests", described);
  committer_.submit(WriteAudit{std::move(entry)}, Patience::once, [this, bulk](const Outcome& outcome) {
    if (outcome.status == OutcomeStatus::failed) return bulk->handler(*outcome.error);
    next_page(bulk);
  });
}

void Acts::next_page(std::shared_ptr<Bulk> bulk) {
  bulk->filter.limit = bulk_page_rows;
  context_.repository().list_requests(bulk->filter,
                                      context_.back<Result<std::vector<BackupRequest>>>([this, bulk](auto page) {
                                        if (!page) return bulk->handler(page.error());
                                        bulk->is_last_page = static_cast<std::int64_t>(page->size()) < bulk_page_rows;
                                        bulk->rows = *std::move(page);
                                        bulk->at = 0;
                                        if (!bulk->rows.empty()) bulk->filter.after = bulk->rows.back().order.id;
                                        next_row(bulk);
                                      }));
}

// One row after the other: what an operator does to thousands leaves room for what else comes in.
void Acts::next_row(std::shared_ptr<Bulk> bulk) {
  // A request that is resent from here on would be ours after we have left. Doing all of it again changes nothing
  // twice.
  if (stopped_) {
    return bulk->handler(
        Error{ErrorKind::unavailable, "the controller is stopping; do it again", true, "store-unavailable"});
  }
  if (bulk->at == bulk->rows.size()) {
    wake_();
    if (bulk->is_last_page) return bulk->handler(bulk->report);
    return next_page(bulk);
  }
  const auto& row = bulk->rows[bulk->at++];
  ++bulk->report.matched;
  const auto done = [this, bulk](bool changed) {
    if (changed) ++bulk->report.changed;
    // Posted: thousands of rows that need nothing do not pile up on the stack.
    context_.post([this, bulk] { next_row(bulk); });
  };
  if (bulk->what == BulkAct::resend) return retry_row(row, done);
  if (is_terminal(row.progress.state)) return done(false);
  cancel_row(row, bulk->act, [done](const Result<BackupRequest>& cancelled) { done(cancelled.has_value()); });
}

void Acts::dismiss(ParkedResultId id, Act act, Handler<Result<void>> handler) {
  auto entry =
      context_.audit(act.actor.str(), "parked-result-dismissed", "parked-result:" + id.to_string(), act.reason);
  committer_.submit(DismissParked{id, {std::move(entry)}}, Patience::once,
                    [id, handler = std::move(handler)](const Outcome& outcome) {
                      if (outcome.status == OutcomeStatus::failed) return handler(*outcome.error);
                      if (outcome.status == OutcomeStatus::already_done) {
                        return handler(Error{ErrorKind::not_found, "there is no parked result " + id.to_string()});
                      }
                      handler(Result<void>{});
                    });
}

void Acts::adopt(ParkedResult parked, ZoneResult result, Act act, Handler<Result<BackupRequest>> handler) {
  const auto id = parked.command_id;
  const auto with_row = [this, parked = std::move(parked), result = std::move(result), act = std::move(act),
                         handler = std::move(handler)](const Result<std::optional<BackupRequest>>& row) {
    if (!row) return handler(row.error());
    if (*row) return adopt_for(parked, result, **row, act, handler);
    reconciler_.import_one(result.zone, parked.command_id, parked.id, act, handler);
  };
  context_.repository().find_request(id, context_.back<Result<std::optional<BackupRequest>>>(with_row));
}

void Acts::adopt_for(const ParkedResult& parked, const ZoneResult& result, const BackupRequest& row, const Act& act,
                     Handler<Result<BackupRequest>> handler) {
  const auto with_backup = [this, parked, result, row, act, handler](const Result<std::vector<Backup>>& found) {
    if (!found) return handler(found.error());
    const auto backup = found->empty() ? std::nullopt : std::optional(found->front());
    std::optional<Error> refused;
    auto decider = [&](const BackupRequest& now) -> std::optional<ChangeRequest> {
      auto adopted =
          backupctl::adopt(now, backup, result,
                           {act.actor, by("parked result adopted", act), context_.new_id<BackupId>(), context_.now()});
      if (!adopted) {
        refused = adopted.error();
        return {};
      }
      auto change = change_of(now, *std::move(adopted));
      change.adopted = parked.id;
      const auto before = backup ? "; was " + backup->zone.str() + " " + backup->storage_path : std::string();
      change.audit = {context_.audit(act.actor.str(), "parked-result-adopted", name_of(now),
                                     parked.reason_code + "; now " + result.zone.str() + " " + result.storage_path +
                                         before + (act.reason.empty() ? "" : "; " + act.reason))};
      return change;
    };
    auto change = decider(row);
    if (!change) return handler(*refused);
    // Decided once, on the row and backup just read; should another writer be faster, the person asks again.
    auto once = [change = std::move(*change)](const BackupRequest& now) -> std::optional<ChangeRequest> {
      if (now.progress.revision + 1 != change.next.revision) return {};
      return change;
    };
    amender_.amend(row, std::move(once), [handler](const Amended& amended) {
      if (amended.kind == Amended::Kind::written) return handler(*amended.row);
      handler(Error{ErrorKind::conflict, "the request changed meanwhile, try again", true, "changed-meanwhile"});
    });
  };
  context_.repository().list_backups({.request_ids = {row.order.id}, .limit = 1},
                                     context_.back<Result<std::vector<Backup>>>(with_backup));
}

}  // namespace backupctl::app
