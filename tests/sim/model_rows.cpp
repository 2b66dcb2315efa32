#include <algorithm>
#include <initializer_list>

#include "sim/model.hpp"

namespace backupctl::sim {
namespace {

using S = RequestState;

bool is_end(S state) { return state != S::received && state != S::allowed && state != S::sent; }

bool may_follow(S from, S to) {
  switch (from) {
    case S::received:
      return to == S::allowed || to == S::not_allowed || to == S::cancelled;
    case S::allowed:
      return to == S::sent || to == S::cancelled;
    case S::sent:
      return to == S::succeeded || to == S::failed || to == S::cancelled;
    case S::failed:
    case S::cancelled:
      return to == S::succeeded;
    case S::not_allowed:
    case S::succeeded:
      return false;
  }
  return false;
}

// A job's rules, in the simulation's own words.
bool permits(const std::optional<BackupJob>& job, const BackupOrder& order) {
  if (!job || job->approval != ApprovalState::approved) return false;
  const auto day = order.received.time_since_epoch().count() / 86'400'000'000;
  if (job->in_force_from && day < job->in_force_from->days_since_1970()) return false;
  if (job->in_force_to && day > job->in_force_to->days_since_1970()) return false;
  if (std::count(job->allowed_requesters.begin(), job->allowed_requesters.end(), order.requester.str()) == 0)
    return false;
  return std::any_of(job->source_roots.begin(), job->source_roots.end(), [&](const std::string& root) {
    return order.source.str() == root || order.source.str().rfind(root + "/", 0) == 0;
  });
}

Timestamp last_time(const BackupRequest& row) {
  const auto& p = row.progress;
  auto last = row.order.received;
  for (const auto& time : {p.checked, p.responded, p.sent, p.result_received, p.result_recorded, p.cancel_asked}) {
    if (time && *time > last) last = *time;
  }
  return last;
}

template <class T>
bool was_kept(const std::optional<T>& before, const std::optional<T>& now) {
  return !before || before == now;
}

std::string name_of(const BackupRequest& row) {
  const auto& p = row.progress;
  return row.order.id.to_string() + " (" + std::string(to_string(p.state)) + ", owner " +
         (p.owner ? p.owner->to_string() : "none") + ", fence " + std::to_string(p.fence) + ", revision " +
         std::to_string(p.revision) + ", sends " + std::to_string(p.send_attempts) + ", last error: " + p.last_error +
         ")";
}

}  // namespace

void Model::check_rows(Write kind, const std::optional<InstanceId>& by) {
  bool changed = false;
  for (const auto& [id, row] : store_.requests()) {
    const auto known = rows_.find(id);
    Seen* before = known == rows_.end() ? nullptr : &known->second;
    if (before && before->row.progress == row.progress) continue;
    changed = true;
    const auto& history = store_.histories().at(id);
    steps_.push_back({row, before ? std::optional(before->row.progress) : std::nullopt});
    check_row({kind, by, before, row, history});
    open_ += (is_end(row.progress.state) ? 0 : 1) - (before && !is_end(before->row.progress.state) ? 1 : 0);
    if (!before) before = &rows_.emplace(id, Seen{row, {}}).first->second;
    before->row = row;
    before->history = history;
  }
  if (rows_.size() != store_.requests().size()) violation("a request has vanished");
  if (changed) check_places();
}

void Model::check_row(const Change& change) {
  check_shape(change.row);
  check_times(change);
  check_history(change);
  if (!change.before) {
    check_keys(change.row);
    if (change.kind != Write::commands) violation("came into being without a Command: " + name_of(change.row));
    if (change.row.progress.state != S::received) check_end_of_request(change);
    return;
  }
  if (!(change.row.order == change.before->row.order)) violation("what was asked has changed: " + name_of(change.row));
  check_moves(change);
  switch (change.kind) {
    case Write::commands:
      check_owner(change);
      if (change.row.progress.state != change.before->row.progress.state) check_end_of_request(change);
      break;
    case Write::claim:
      check_claim(change);
      break;
    case Write::beat:
    case Write::leave:
      check_freed(change);
      break;
  }
}

// What a row must look like by itself.
void Model::check_shape(const BackupRequest& row) {
  const auto& p = row.progress;
  const bool sent = p.state == S::sent || p.state == S::succeeded || p.state == S::failed;
  if (is_end(p.state) && (p.owner || p.next_action)) violation("ended, but somebody is to act: " + name_of(row));
  if (!is_end(p.state) && !p.owner && !p.next_action) violation("nobody is to act: " + name_of(row));
  if (p.owner && p.next_action) violation("owned and due at once: " + name_of(row));
  if ((p.state == S::allowed || sent) && !(p.checked && p.terms)) violation("allowed, but unchecked: " + name_of(row));
  if (sent && !(p.sent && p.responded)) violation("sent, but without its times: " + name_of(row));
  if (sent && p.send_attempts < 1 && !is_by_hand(row.order.id)) violation("sent without an intent: " + name_of(row));
  if (p.state == S::sent && !p.result_due) violation("sent, but never overdue: " + name_of(row));
  if (p.backup_id.has_value() != (p.state == S::succeeded)) violation("backup id and state differ: " + name_of(row));
  if (p.state == S::succeeded && !(p.result_received && p.result_recorded)) {
    violation("succeeded, but without its times: " + name_of(row));
  }
  if (p.state == S::not_allowed && p.reason.empty()) violation("refused without a reason: " + name_of(row));
  if (p.fence > 300) violation("taken up again and again: " + name_of(row));
}

void Model::check_times(const Change& change) {
  const auto& p = change.row.progress;
  const auto in_order = [](const auto& a, const auto& b) { return !a || !b || *a <= *b; };
  const std::optional received = change.row.order.received;
  if (!in_order(received, p.checked) || !in_order(p.checked, p.sent) || !in_order(p.sent, p.result_received) ||
      !in_order(p.result_received, p.result_recorded) || !in_order(received, p.responded)) {
    violation("times out of the promised order: " + name_of(change.row));
  }
  if (!change.before) return;
  const auto& b = change.before->row.progress;
  const auto last = last_time(change.before->row);
  const auto is_new_and_early = [&](const auto& before, const auto& now) {
    return now && now != before && *now < last;
  };
  // The time of the answer is kept with a later write, and is earlier by then.
  if (is_new_and_early(b.checked, p.checked) || is_new_and_early(b.sent, p.sent) ||
      is_new_and_early(b.result_received, p.result_received) ||
      is_new_and_early(b.result_recorded, p.result_recorded) || is_new_and_early(b.cancel_asked, p.cancel_asked)) {
    violation("time ran backwards: " + name_of(change.row));
  }
  if (!was_kept(b.checked, p.checked) || !was_kept(b.sent, p.sent) || !was_kept(b.responded, p.responded) ||
      !was_kept(b.cancel_asked, p.cancel_asked) || !was_kept(b.terms, p.terms)) {
    violation("something recorded has changed: " + name_of(change.row));
  }
}

void Model::check_history(const Change& change) {
  const auto& history = change.history;
  const bool imported = change.row.progress.reason == "imported" && is_by_hand(change.row.order.id);
  const auto first = imported ? S::succeeded : S::received;
  if (history.empty() || history.front().state != first || history.front().time != change.row.order.received) {
    return violation("the history does not begin with the receipt of " + name_of(change.row));
  }
  if (history.back().state != change.row.progress.state) {
    violation("the history does not end with the state of " + name_of(change.row));
  }
  for (std::size_t i = 1; i < history.size(); ++i) {
    const bool stays = history[i - 1].state == history[i].state && is_by_hand(change.row.order.id);
    if (!stays && !may_follow(history[i - 1].state, history[i].state))
      violation("a forbidden step: " + name_of(change.row));
    if (history[i].time < history[i - 1].time) violation("history ran backwards: " + name_of(change.row));
  }
  if (!change.before) return;
  const auto& before = change.before->history;
  if (history.size() < before.size() || !std::equal(before.begin(), before.end(), history.begin())) {
    violation("history was rewritten: " + name_of(change.row));
  }
  const bool stays = change.row.progress.state == change.before->row.progress.state;
  if (history.size() > before.size() && stays && !is_by_hand(change.row.order.id)) {
    violation("history without a step: " + name_of(change.row));
  }
}

// What only ever grows, and by how much.
void Model::check_moves(const Change& change) {
  const auto& p = change.row.progress;
  const auto& b = change.before->row.progress;
  if (p.revision != b.revision + 1) {
    violation("revision " + std::to_string(b.revision) + " was overwritten: " + name_of(change.row));
  }
  const std::int64_t claimed = change.kind == Write::claim ? 1 : 0;
  if (p.fence != b.fence + claimed) violation("fence was " + std::to_string(b.fence) + ": " + name_of(change.row));
  if (p.send_attempts < b.send_attempts || p.send_attempts > b.send_attempts + 1 ||
      p.check_attempts < b.check_attempts || p.check_attempts > b.check_attempts + 1) {
    violation("attempts jumped: " + name_of(change.row));
  }
  const bool intends = p.send_attempts > b.send_attempts && p.state == S::allowed;
  if (intends && paused_before_.contains(p.terms->zone) && paused_before_.at(p.terms->zone) &&
      is_paused(p.terms->zone)) {
    violation("sent to a paused zone: " + name_of(change.row));
  }
}

// Who does not own a row may record its result, or ask for its cancel: nothing else.
void Model::check_owner(const Change& change) {
  const auto& p = change.row.progress;
  const auto& b = change.before->row.progress;
  const bool is_owner = b.owner && (!change.by || *b.owner == *change.by);
  if (is_owner) return;
  const bool by_result = is_caused_by_result(change.row.order.id);
  const bool by_hand = p.state == S::succeeded && is_by_hand(change.row.order.id);
  if (p.state != b.state && !by_result && !by_hand && p.state != S::cancelled) {
    violation("moved on by a controller that does not own it: " + name_of(change.row));
  }
  const bool is_new_cancel = p.cancel_asked && !b.cancel_asked;
  const bool only_due_sooner = (is_new_cancel || is_hurried(change)) && !b.owner && !p.owner;
  if (!is_end(p.state) && (p.owner != b.owner || p.next_action != b.next_action) && !only_due_sooner) {
    violation("taken from its owner: " + name_of(change.row));
  }
}

void Model::check_claim(const Change& change) {
  const auto& p = change.row.progress;
  const auto& b = change.before->row.progress;
  if (b.owner) violation("claimed from its owner: " + name_of(change.row));
  if (p.owner != change.by) violation("claimed for somebody else: " + name_of(change.row));
  if (p.state != b.state) violation("a claim changed the state: " + name_of(change.row));
}

void Model::claims(const ClaimOrder& order, const std::vector<BackupRequest>& rows) {
  const auto state = order.stage == Stage::check ? S::received : order.stage == Stage::send ? S::allowed : S::sent;
  for (const auto& row : rows) {
    const auto known = rows_.find(row.order.id);
    if (known == rows_.end()) continue;
    const auto* before = &known->second.row;
    const auto& b = before->progress;
    if (!b.next_action || *b.next_action > order.now) violation("claimed before it was due: " + name_of(*before));
    if (b.state != state) violation("claimed for another stage: " + name_of(*before));
    if (order.zone && (!b.terms || b.terms->zone != *order.zone)) {
      violation("claimed for another zone: " + name_of(*before));
    }
    const bool counts = state == S::received || (state == S::allowed && !b.cancel_asked);
    const auto attempts = row.progress.send_attempts + row.progress.check_attempts;
    if (attempts - b.send_attempts - b.check_attempts != (counts ? 1 : 0)) {
      violation("a claim counted wrongly: " + name_of(row));
    }
  }
  wrote(Write::claim, order.by);
}

void Model::check_freed(const Change& change) {
  const auto& p = change.row.progress;
  const auto& b = change.before->row.progress;
  if (!b.owner || p.owner || !p.next_action || p.state != b.state) {
    violation("a heartbeat did more than free a row: " + name_of(change.row));
  }
}

// Why a state was entered.
void Model::check_end_of_request(const Change& change) {
  const auto& row = change.row;
  const auto& p = row.progress;
  const auto id = row.order.id;
  const auto was = change.before ? change.before->row.progress.state : S::received;
  const bool imported = !change.before && is_taken_in_by_hand(id);
  if (was == S::received && !imported) check_verdict(row);
  switch (p.state) {
    case S::succeeded: {
      const auto* result = gone_result(id, ResultCode::succeeded);
      if (!result && is_taken_in_by_hand(id)) break;
      if (!result) return violation("succeeded without a result: " + name_of(row));
      if (result->zone != p.terms->zone) violation("another zone's result was recorded: " + name_of(row));
      if (!has_backup_of(id, *result)) violation("succeeded without its backup: " + name_of(row));
      break;
    }
    case S::failed:
      if (!gone_result(id, ResultCode::failed) && !refused_.contains(id)) {
        violation("failed, but no zone says so: " + name_of(row));
      }
      break;
    case S::cancelled:
      if (was == S::sent || p.send_attempts > 0) {
        if (!gone_result(id, ResultCode::cancelled)) violation("cancelled, but no zone says so: " + name_of(row));
      } else if (!is_cancel_wanted(row) && (was != S::received || p.reason != "check-unavailable")) {
        violation("cancelled, but nobody asked: " + name_of(row));
      }
      break;
    default:
      break;
  }
}

// A verdict stands on a version of the job that was there between the receipt and now.
void Model::check_verdict(const BackupRequest& row) {
  const auto& p = row.progress;
  const auto from = received_at(row.order);
  if (p.state == S::not_allowed &&
      !may_have_been(row.order.job_id, from, [&](const auto& job) { return !permits(job, row.order); })) {
    violation("refused, but no rule says so: " + name_of(row));
  }
  if (!p.terms) return;
  const bool grounded = may_have_been(row.order.job_id, from, [&](const auto& job) {
    return permits(job, row.order) && p.terms->job_version == job->version && p.terms->zone == job->zone &&
           p.terms->storage_path == job->storage_path && p.terms->days_to_keep == job->days_to_keep;
  });
  if (!grounded) violation("allowed under terms that were not in force: " + name_of(row));
}

void Model::check_keys(const BackupRequest& row) {
  if (!row.order.key) return;
  const auto fresh = keys_.try_emplace({row.order.requester.str(), row.order.key->str()}, row.order.id).second;
  if (!fresh) violation("one key made two requests: " + name_of(row));
}

void Model::check_places() {
  std::map<ZoneName, std::int64_t> taken;
  for (const auto& [id, seen] : rows_) {
    const auto& p = seen.row.progress;
    if (p.state == S::sent || (p.state == S::allowed && p.owner)) ++taken[p.terms->zone];
  }
  for (const auto& [zone, count] : taken) {
    const auto places = places_.find(zone);
    if (places != places_.end() && count > places->second) violation("zone " + zone.str() + " has too few places");
  }
}

}  // namespace backupctl::sim
