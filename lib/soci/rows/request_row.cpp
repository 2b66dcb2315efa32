#include "soci/rows/request_row.hpp"

namespace backupctl::soci {

void RequestRow::set(const BackupOrder& order) {
  id = order.id.to_string();
  job_id = order.job_id.to_string();
  source = order.source.str();
  data_as_of = order.data_as_of.to_string();
  requester = order.requester.str();
  transport = to_string(order.transport);
  traceparent = order.traceparent;
  key.set(order.key ? std::optional(order.key->str()) : std::nullopt);
  received = to_integer(order.received);
}

void RequestRow::set(const RequestProgress& progress) {
  state = to_string(progress.state);
  reason = progress.reason;
  checked.set(to_integer(progress.checked));
  responded.set(to_integer(progress.responded));
  sent.set(to_integer(progress.sent));
  result_due.set(to_integer(progress.result_due));
  result_received.set(to_integer(progress.result_received));
  result_recorded.set(to_integer(progress.result_recorded));
  if (const auto& terms = progress.terms) {
    job_version.set(terms->job_version);
    zone.set(terms->zone.str());
    storage_path.set(terms->storage_path);
    days_to_keep.set(terms->days_to_keep);
  } else {
    job_version.set({});
    zone.set({});
    storage_path.set({});
    days_to_keep.set({});
  }
  backup_id.set(progress.backup_id ? std::optional(progress.backup_id->to_string()) : std::nullopt);
  check_attempts = progress.check_attempts;
  send_attempts = progress.send_attempts;
  last_error = progress.last_error;
  cancel_asked.set(to_integer(progress.cancel_asked));
  owner.set(progress.owner ? std::optional(progress.owner->to_string()) : std::nullopt);
  next_action.set(to_integer(progress.next_action));
  fence = progress.fence;
  revision = progress.revision;
}

BackupOrder RequestRow::order() const {
  BackupOrder order{.id = stored(RequestId::parse(id), "backup_request_id"),
                    .job_id = stored(JobId::parse(job_id), "backup_job_id"),
                    .source = stored(SourcePath::parse(source), "backup_source_path"),
                    .data_as_of = stored(CivilDate::parse(data_as_of), "data_as_of_date"),
                    .requester = stored(OwnerName::parse(requester), "requester_id"),
                    .transport = stored(parse_transport_kind(transport), "transport"),
                    .traceparent = traceparent,
                    .received = to_time(received)};
  if (!key.is_null()) order.key = stored(IdempotencyKey::parse(key.value), "idempotency_key");
  return order;
}

RequestProgress RequestRow::progress() const {
  RequestProgress progress;
  progress.state = stored(parse_request_state(state), "state_code");
  progress.reason = reason;
  progress.checked = to_time(checked);
  progress.responded = to_time(responded);
  progress.sent = to_time(sent);
  progress.result_due = to_time(result_due);
  progress.result_received = to_time(result_received);
  progress.result_recorded = to_time(result_recorded);
  if (!zone.is_null()) {
    progress.terms = AllowedTerms{job_version.value, stored(ZoneName::parse(zone.value), "zone"), storage_path.value,
                                  days_to_keep.value};
  }
  if (!backup_id.is_null()) progress.backup_id = stored(BackupId::parse(backup_id.value), "backup_id");
  progress.check_attempts = check_attempts;
  progress.send_attempts = send_attempts;
  progress.last_error = last_error;
  progress.cancel_asked = to_time(cancel_asked);
  if (!owner.is_null()) progress.owner = stored(InstanceId::parse(owner.value), "owner_instance_id");
  progress.next_action = to_time(next_action);
  progress.fence = fence;
  progress.revision = revision;
  return progress;
}

}  // namespace backupctl::soci
