#include <algorithm>

#include "sim/model.hpp"

namespace backupctl::sim {
namespace {

bool was_ended(const BackupRequest& row) {
  const auto state = row.progress.state;
  return state == RequestState::succeeded || state == RequestState::failed || state == RequestState::cancelled;
}

}  // namespace

void Model::violation(std::string text) {
  violations_.push_back(std::to_string(static_cast<double>(time_.now().count()) / 1e6) + " s: " + std::move(text));
}

void Model::wrote(Write kind, std::optional<InstanceId> by) {
  steps_.clear();
  if (kind == Write::commands) look_at_results();
  check_rows(kind, by);
  if (kind != Write::commands) return;
  check_backups();
  check_gone_results();
  check_parked();
  check_audit(by);
  paused_before_ = store_.paused();
}

void Model::look_at_results() {
  gone_.clear();
  newly_parked_.clear();
  unparked_.clear();
  for (const auto& [id, parked] : store_.parked()) {
    if (parked_.emplace(id, parked).second) newly_parked_.push_back(parked);
  }
  if (parked_.size() != store_.parked().size()) {
    std::erase_if(parked_, [&](const auto& entry) {
      const bool gone = !store_.parked().contains(entry.first);
      if (gone) unparked_.push_back(entry.second);
      return gone;
    });
  }
  const auto& now = store_.waiting();
  const auto is_in = [](const std::vector<ResultRecord>& list, const ResultRecord& record) {
    return std::any_of(list.begin(), list.end(), [&](const ResultRecord& other) {
      return other.command_id == record.command_id && other.body == record.body;
    });
  };
  bool changed = now.size() != waiting_.size();
  for (const auto& record : waiting_) {
    if (!is_in(now, record)) gone_.push_back(record);
  }
  for (const auto& record : now) {
    if (is_in(waiting_, record)) continue;
    changed = true;
    kept_.insert({{record.command_id, record.body}, record.result});
    const auto* row = row_of(record.command_id);
    if (!row || row->progress.send_attempts == 0) kept_unsent_.insert(record.command_id);
  }
  if (changed || !gone_.empty()) waiting_ = now;
}

bool Model::is_caused_by_result(RequestId id) const {
  const auto is_of = [&](const ResultRecord& record) { return record.command_id == id; };
  return std::any_of(gone_.begin(), gone_.end(), is_of) || (at_once_ == id && delivered_.contains(id));
}

const ZoneResult* Model::gone_result(RequestId id, ResultCode code) const {
  const auto says_so = [&](const ResultRecord& record) {
    return record.command_id == id && record.result && record.result->command_id == id && record.result->code == code;
  };
  for (const auto& record : gone_) {
    if (says_so(record)) return &*record.result;
  }
  const auto known = at_once_ == id ? delivered_.find(id) : delivered_.end();
  if (known == delivered_.end()) return nullptr;
  const ZoneResult* any = nullptr;
  for (const auto& record : known->second) {
    if (!says_so(record) || record.result->zone != record.zone) continue;
    any = &*record.result;
    if (code != ResultCode::succeeded || has_backup_of(id, *any)) return any;
  }
  return any;
}

void Model::delivered(const ResultRecord& record) {
  auto& known = delivered_[record.command_id];
  const auto is_it = [&](const ResultRecord& other) { return other.body == record.body && other.zone == record.zone; };
  if (std::none_of(known.begin(), known.end(), is_it)) known.push_back(record);
}

// A result need not wait when its command was just written as Sent.
void Model::applies(const Command& command) {
  at_once_.reset();
  const auto* change = std::get_if<ChangeRequest>(&command);
  if (change && change->from == RequestState::sent && is_terminal(change->next.state) && !change->recorded &&
      !change->adopted && change->audit.empty()) {
    at_once_ = change->id;
  }
}

bool Model::has_backup_of(RequestId id, const ZoneResult& result) const {
  return std::any_of(store_.backups().begin(), store_.backups().end(), [&](const auto& entry) {
    const auto& backup = entry.second;
    return backup.request_id == id && backup.zone == result.zone && backup.storage_path == result.storage_path &&
           backup.byte_count == result.byte_count && backup.verify_hash == result.verify_hash;
  });
}

void Model::check_backups() {
  const auto& now = store_.backups();
  if (now.size() < backups_.size()) return violation("a backup has vanished");
  for (const auto& [id, backup] : now) {
    const auto name = "backup of " + backup.request_id.to_string();
    if (const auto known = backups_.find(id); known != backups_.end()) {
      if (known->second == backup) continue;
      if (!is_taken_in_by_hand(backup.request_id)) violation("it has changed: " + name);
      known->second = backup;
      continue;
    }
    if (!backup_of_.emplace(backup.request_id, id).second) violation("a second " + name);
    const auto* row = row_of(backup.request_id);
    if (!row || row->progress.state != RequestState::succeeded || row->progress.backup_id != id) {
      violation("its request has not Succeeded: " + name);
      continue;
    }
    const auto& order = row->order;
    const auto& terms = *row->progress.terms;
    const auto due = CivilDate::from_days(order.data_as_of.days_since_1970() + terms.days_to_keep);
    if (backup.zone != terms.zone && !is_by_hand(order.id)) violation("it is of another zone: " + name);
    if (backup.job_id != order.job_id || backup.data_as_of != order.data_as_of ||
        backup.job_version != terms.job_version || backup.days_to_keep != terms.days_to_keep ||
        backup.due_to_delete != due) {
      violation("it does not follow from its request: " + name);
    }
    for (const auto& [other_id, other] : backups_) {
      if (other.job_id == backup.job_id && other.data_as_of == backup.data_as_of &&
          other.version_of_date == backup.version_of_date) {
        violation("a number was given twice: " + name);
      }
    }
    backups_.emplace(id, backup);
  }
}

// A result waits until it is recorded, parked, or said nothing new.
void Model::check_gone_results() {
  for (const auto& record : gone_) {
    const auto is_it = [&](const auto& entry) {
      return entry.second.command_id == record.command_id && entry.second.body == record.body;
    };
    if (std::any_of(store_.parked().begin(), store_.parked().end(), is_it)) continue;
    if (!is_recorded(record)) violation("a result has vanished: " + record.command_id.to_string() + " " + record.body);
  }
}

bool Model::is_recorded(const ResultRecord& record) const {
  const auto* row = row_of(record.command_id);
  // What was recorded may have given way to another by hand.
  return row && record.result && record.result->command_id == record.command_id && was_ended(*row) &&
         (record.result->code != ResultCode::succeeded || has_backup_of(row->order.id, *record.result) ||
          is_by_hand(row->order.id));
}

void Model::check_parked() {
  for (const auto& parked : newly_parked_) {
    const auto is_same = [&](const auto& entry) {
      const auto& other = entry.second;
      return other.command_id == parked.command_id && other.zone == parked.zone &&
             other.reason_code == parked.reason_code && other.body == parked.body;
    };
    if (std::count_if(parked_.begin(), parked_.end(), is_same) > 1) {
      violation("parked twice: " + parked.command_id.to_string() + " " + parked.body);
    }
    if (!is_right_reason(parked)) {
      violation("parked as \"" + parked.reason_code + "\", which is not so: " + parked.command_id.to_string());
    }
  }
}

bool Model::is_right_reason(const ParkedResult& parked) const {
  const auto record = std::find_if(gone_.begin(), gone_.end(), [&](const ResultRecord& gone) {
    return gone.command_id == parked.command_id && gone.body == parked.body;
  });
  const auto* row = row_of(parked.command_id);
  const auto& reason = parked.reason_code;
  if (reason == "conflicting-command") return row != nullptr;
  if (record == gone_.end()) return false;
  const auto& result = record->result;
  if (reason == "unreadable") return !result;
  if (!result) return false;
  if (reason == "command-mismatch") return result->command_id != record->command_id;
  if (reason == "unknown-command") return row == nullptr || is_by_hand(parked.command_id);
  if (reason == "not-sent") return kept_unsent_.contains(parked.command_id);
  if (reason == "wrong-zone") {
    return result->zone != record->zone || !row || !row->progress.terms || row->progress.terms->zone != result->zone;
  }
  if (reason == "conflicting-result") {
    return row && row->progress.backup_id && result->code == ResultCode::succeeded &&
           (!has_backup_of(row->order.id, *result) || is_by_hand(row->order.id));
  }
  return false;
}

void Model::acknowledged(const ResultRecord& record) {
  if (!kept_.contains({record.command_id, record.body}) && !is_recorded(record)) {
    violation("a result was acknowledged and not kept: " + record.command_id.to_string());
  }
}

void Model::answered(const Submission& submission, const SubmitReply& reply) {
  const std::string code = reply.error ? reply.error->code : "";
  if (!reply.request) {
    if (!reply.error) violation("an answer without a request");
    return;
  }
  const auto id = reply.request->order.id;
  acknowledged_.insert(id);
  const auto* row = row_of(id);
  if (!row) return violation("acknowledged, but not stored: " + id.to_string());
  const auto& order = row->order;
  if (order.job_id != submission.job_id || order.source != submission.source ||
      order.data_as_of != submission.data_as_of || order.requester != submission.requester ||
      order.key != submission.key) {
    violation("the answer tells of another request: " + id.to_string());
  }
  const auto& history = rows_.at(id).history;
  const auto told = reply.request->progress.state;
  if (std::none_of(history.begin(), history.end(), [&](const auto& entry) { return entry.state == told; })) {
    violation("the caller was told of a state that is not stored: " + id.to_string());
  }
  const bool says_no = code == "backup-request-not-allowed";
  if (says_no != (told == RequestState::not_allowed)) violation("state and answer differ: " + id.to_string());
  const bool unchecked = code == "job-service-unavailable";
  if (unchecked && !submission.key && !refuses_writes_ && !was_ended(*row))
    violation("left open without a key: " + id.to_string());
  if (!says_no && !unchecked && reply.error) violation("an error with a request: " + code);
}

// A notice tells what is durable.
void Model::told(const Notice& notice) {
  const auto found = rows_.find(notice.request_id);
  const auto has_been = [&](RequestState state) {
    const auto& history = found->second.history;
    return std::any_of(history.begin(), history.end(), [&](const auto& entry) { return entry.state == state; });
  };
  if (notice.event == "parked") return;
  if (found == rows_.end()) return violation("a notice of a request that is not stored");
  if ((notice.event == "Failed" && !has_been(RequestState::failed) && !has_been(RequestState::cancelled)) ||
      (notice.event == "NotAllowed" && !has_been(RequestState::not_allowed)) ||
      (notice.event == "overdue" && !has_been(RequestState::sent))) {
    violation("a notice of what has not happened: " + notice.event + " of " + notice.request_id.to_string());
  }
}

void Model::stopped(InstanceId id) {
  for (const auto& [request, seen] : rows_) {
    if (seen.row.progress.owner == id) violation("not handed back at the stop: " + request.to_string());
  }
}

void Model::send_called(const CreateBackupCommand& command) {
  if (!sends_.insert({command.id, command.fence}).second) {
    violation("sent twice without a durable step between: " + command.id.to_string());
  }
}

void Model::send_arrived(const ZoneName& zone, const CreateBackupCommand& command) {
  const auto* row = row_of(command.id);
  const auto name = command.id.to_string();
  if (!row) return violation("a zone was sent what is not stored: " + name);
  const auto& p = row->progress;
  if (p.send_attempts == 0) violation("sent without a recorded intent: " + name);
  if (command.fence < 1 || command.fence > p.fence) violation("sent with a fence that is not stored: " + name);
  if (!p.terms || p.terms->zone != zone) return violation("sent to another zone: " + name);
  if (command.job_id != row->order.job_id || command.source != row->order.source ||
      command.data_as_of != row->order.data_as_of || command.storage_path != p.terms->storage_path) {
    violation("what was sent is not what was asked: " + name);
  }
}

void Model::cancel_arrived(RequestId id, std::int64_t fence) {
  const auto* row = row_of(id);
  if (!row || !row->progress.cancel_asked)
    return violation("a zone was told of a cancel nobody asked: " + id.to_string());
  if (fence < 1 || fence > row->progress.fence)
    violation("cancelled with a fence that is not stored: " + id.to_string());
}

std::string Model::what_is_open() const {
  if (open_ > 0) {
    for (const auto& [id, seen] : rows_) {
      const auto& p = seen.row.progress;
      if (p.state == RequestState::not_allowed || was_ended(seen.row)) continue;
      return "request " + id.to_string() + " is " + std::string(to_string(p.state)) + ", last error: " + p.last_error;
    }
  }
  if (waiting_.empty()) return {};
  return "a result waits for " + waiting_.front().command_id.to_string() + ": " + waiting_.front().body;
}

void Model::ended() {
  check_chains();
  for (const auto& id : acknowledged_) {
    if (!store_.requests().contains(id)) violation("acknowledged, but not there: " + id.to_string());
  }
}

const BackupRequest* Model::row_of(RequestId id) const {
  const auto found = store_.requests().find(id);
  return found == store_.requests().end() ? nullptr : &found->second;
}

bool Model::is_paused(const ZoneName& zone) const {
  const auto found = store_.paused().find(zone);
  return found != store_.paused().end() && found->second;
}

// The earliest moment at which some controller's clock may have shown the time of the receipt.
Duration Model::received_at(const BackupOrder& order) const {
  for (std::size_t i = 0; i < clocks_.size(); ++i) {
    const auto& clock = clocks_[i];
    const auto until = i + 1 < clocks_.size() ? clocks_[i + 1].since : time_.now();
    const auto at = order.received - clock.zero;
    if (at + clock.skew >= clock.since && at - clock.skew <= until) return at - clock.skew;
  }
  return Duration{0};
}

bool Model::may_have_been(JobId id, Duration from,
                          const std::function<bool(const std::optional<BackupJob>&)>& holds) const {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return holds(std::nullopt);
  const auto& versions = found->second;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (i + 1 < versions.size() && versions[i + 1].since < from) continue;
    if (holds(versions[i].job)) return true;
  }
  return false;
}

}  // namespace backupctl::sim
