#include <algorithm>

#include "sim/model.hpp"

namespace backupctl::sim {
namespace {

const std::string operator_name = "operator";

std::string request_name(RequestId id) { return "backup-request:" + id.to_string(); }

// The id after another's: that of a controller's second chain.
bool follows(InstanceId writer, InstanceId first) {
  auto next = first.uuid();
  std::size_t at = next.size() - 1;
  while (next.data[at] == 0xff) next.data[at--] = 0;
  ++next.data[at];
  return writer == InstanceId{next};
}

bool is_of_chain(const AuditEntry& entry) { return entry.action == "audit-opened" || entry.action == "audit-tied"; }

}  // namespace

// ---- What people do ------------------------------------------------------------------------------------------------

void Model::adopt_called(const ParkedResult& parked, const ZoneResult& result) {
  adoptions_[parked.command_id].push_back(result);
  // Without its request it is imported from the zone.
  imports_.insert(result.zone);
}

void Model::adopted(const ParkedResult& parked, const BackupRequest& row) {
  if (row.progress.state != RequestState::succeeded)
    violation("adopted, but not Succeeded: " + row.order.id.to_string());
  if (store_.parked().contains(parked.id)) violation("adopted, but still parked: " + row.order.id.to_string());
  const auto name = request_name(parked.command_id);
  if (!audit_.contains("parked-result-adopted " + name)) done("backup-imported", name);
}

void Model::bulk_called(BulkAct what, const RequestQuery& filter) {
  acts_.insert(what == BulkAct::cancel ? "backup-requests-cancel backup-requests"
                                       : "backup-requests-resend backup-requests");
  if (what == BulkAct::cancel) {
    bulk_cancels_.push_back(filter);
  } else {
    resends_ = true;
  }
}

void Model::reconcile_called(const ZoneName& zone, bool import) {
  acts_.insert((import ? "zone-reconciled-with-import zone:" : "zone-reconciled zone:") + zone.str());
  if (import) imports_.insert(zone);
}

void Model::done(const std::string& action, const std::string& object) {
  if (!audit_.contains(action + " " + object)) violation("done, but not audited: " + action + " " + object);
}

const ZoneResult* Model::kept_result(const ParkedResult& parked) const {
  const auto found = kept_.find({parked.command_id, parked.body});
  return found == kept_.end() || !found->second ? nullptr : &*found->second;
}

bool Model::is_by_hand(RequestId id) const {
  if (adoptions_.contains(id)) return true;
  const auto held = held_.find(id);
  return held != held_.end() && std::any_of(held->second.begin(), held->second.end(),
                                            [&](const Manifest& manifest) { return imports_.contains(manifest.zone); });
}

bool Model::is_taken_in_by_hand(RequestId id) const {
  if (const auto wanted = adoptions_.find(id); wanted != adoptions_.end()) {
    for (const auto& result : wanted->second) {
      if (has_backup_of(id, result)) return true;
    }
  }
  const auto held = held_.find(id);
  if (held == held_.end()) return false;
  return std::any_of(held->second.begin(), held->second.end(), [&](const Manifest& manifest) {
    const ZoneResult result{.command_id = id,
                            .zone = manifest.zone,
                            .storage_path = manifest.storage_path,
                            .byte_count = manifest.byte_count,
                            .verify_hash = manifest.verify_hash};
    return imports_.contains(manifest.zone) && has_backup_of(id, result);
  });
}

bool Model::is_cancel_wanted(const BackupRequest& row) const {
  return cancels_.contains(row.order.id) ||
         std::any_of(bulk_cancels_.begin(), bulk_cancels_.end(), [&](const RequestQuery& filter) {
           return (!filter.job_id || *filter.job_id == row.order.job_id) &&
                  (!filter.zone || (row.progress.terms && row.progress.terms->zone == *filter.zone));
         });
}

// Somebody wanted it done at once.
bool Model::is_hurried(const Change& change) const {
  const auto& p = change.row.progress;
  const auto& b = change.before->row.progress;
  return resends_ && p.state == b.state && !b.owner && !p.owner && p.next_action && b.next_action &&
         *p.next_action <= *b.next_action;
}

// ---- The audit -----------------------------------------------------------------------------------------------------

void Model::add_due(const Step& step, std::vector<Due>& due) const {
  const auto& [row, before] = step;
  const auto& p = row.progress;
  const auto was = before ? before->state : RequestState::received;
  const auto name = request_name(row.order.id);
  if (!before && p.state == RequestState::succeeded) {
    due.push_back({{"backup-imported"}, operator_name, name});
    return;
  }
  if (p.terms && !(before && before->terms)) {
    due.push_back({{"backup-request-allowed"},
                   row.order.requester.str(),
                   name,
                   " version " + std::to_string(p.terms->job_version) + " "});
  }
  if (p.state == RequestState::not_allowed && was != p.state) {
    due.push_back({{"backup-request-not-allowed"}, row.order.requester.str(), name, p.reason});
  }
  if (p.cancel_asked && !(before && before->cancel_asked)) {
    const auto asked = cancels_.find(row.order.id);
    due.push_back({{"backup-request-cancel"}, asked == cancels_.end() ? operator_name : asked->second, name});
  }
  if (p.state != RequestState::succeeded) return;
  if (const auto* result = gone_result(row.order.id, ResultCode::succeeded); result && was != p.state) {
    if (was == RequestState::failed || was == RequestState::cancelled) {
      due.push_back({{"backup-request-late-success"}, "zone:" + result->zone.str(), name});
    }
  } else {
    due.push_back({{"parked-result-adopted", "backup-imported"}, operator_name, name});
  }
}

std::vector<Model::Due> Model::audit_due() const {
  std::vector<Due> due;
  for (const auto& step : steps_) add_due(step, due);
  for (const auto& parked : unparked_) {
    const bool adopted = std::any_of(steps_.begin(), steps_.end(), [&](const Step& step) {
      return step.row.order.id == parked.command_id && is_taken_in_by_hand(parked.command_id);
    });
    if (!adopted) due.push_back({{"parked-result-dismissed"}, operator_name, "parked-result:" + parked.id.to_string()});
  }
  for (const auto& parked : newly_parked_) {
    if (parked.reason_code != "wrong-zone") continue;
    due.push_back(
        {{"result-from-wrong-zone"}, "zone:" + parked.zone.str(), "backup-request:" + parked.command_id.to_string()});
  }
  for (const auto& [zone, paused] : store_.paused()) {
    const auto before = paused_before_.find(zone);
    if ((before != paused_before_.end() && before->second) == paused) continue;
    due.push_back({{paused ? "zone-paused" : "zone-resumed"}, operator_name, "zone:" + zone.str()});
  }
  return due;
}

// A write brings the audit entries of what it does, those alone, and each once.
void Model::check_audit(const std::optional<InstanceId>& by) {
  auto due = audit_due();
  for (const auto& parked : unparked_) {
    if (!dismissals_.contains(parked.id) && !adoptions_.contains(parked.command_id)) {
      violation("a parked result has vanished");
    }
  }
  store_.for_each_audit([&](InstanceId writer, const std::vector<AuditRecord>& records) {
    auto& seen = audited_[writer];
    for (; seen < records.size(); ++seen) {
      const auto& entry = records[seen].entry;
      const auto name = entry.action + " " + entry.object;
      audit_.insert(name);
      ++actions_[entry.action];
      if (by && writer != *by && !follows(writer, *by)) violation("audited in the name of another controller: " + name);
      if (is_of_chain(entry)) continue;
      const auto found = std::find_if(due.begin(), due.end(), [&](const Due& one) {
        return std::count(one.actions.begin(), one.actions.end(), entry.action) > 0 && one.object == entry.object &&
               one.actor == entry.actor && entry.detail.find(one.detail) != std::string::npos;
      });
      if (found != due.end()) {
        due.erase(found);
      } else if (!acts_.contains(name) || entry.actor != operator_name) {
        violation("audited, but it did not happen: " + name + " by " + entry.actor + ": " + entry.detail);
      }
    }
  });
  for (const auto& one : due) violation("not audited: " + one.actions.front() + " " + one.object);
}

std::int64_t Model::times_audited(const std::string& action) const {
  const auto found = actions_.find(action);
  return found == actions_.end() ? 0 : found->second;
}

std::vector<AuditHead> Model::audit_heads() const {
  std::vector<AuditHead> heads;
  store_.for_each_audit([&](InstanceId writer, const std::vector<AuditRecord>& records) {
    heads.push_back({writer, records.back().seq, records.back().hash});
  });
  return heads;
}

void Model::check_chains() {
  AuditVerifier verifier;
  std::map<std::string, std::int64_t> decisions;
  store_.for_each_audit([&](InstanceId, const std::vector<AuditRecord>& records) {
    for (const auto& record : records) {
      verifier.take(record);
      const auto& [entry, seq, previous_hash, hash] = record;
      if (entry.action == "backup-request-allowed" || entry.action == "backup-request-not-allowed") {
        ++decisions[entry.action + " " + entry.object];
      }
    }
  });
  for (const auto& fault : verifier.finish(audit_heads(), exported_heads_)) violation("audit: " + fault);
  // Each decision that the history tells of is in the audit, and none besides.
  for (const auto& [id, seen] : rows_) {
    for (std::size_t i = 1; i < seen.history.size(); ++i) {
      const auto& entry = seen.history[i];
      if (entry.state == seen.history[i - 1].state) continue;  // a word about it, not a step
      if (entry.state != RequestState::allowed && entry.state != RequestState::not_allowed) continue;
      const bool allowed = entry.state == RequestState::allowed;
      --decisions[(allowed ? "backup-request-allowed " : "backup-request-not-allowed ") + request_name(id)];
    }
  }
  for (const auto& [name, more] : decisions) {
    if (more != 0) violation("audit and history differ: " + name);
  }
}

}  // namespace backupctl::sim
