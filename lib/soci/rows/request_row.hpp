// A backup request as a row of backup_request, the same in every engine.
// Thread rule: that of the statement it is bound to.
#pragma once

#include "backupctl/backup_request.hpp"
#include "soci/rows/column.hpp"

namespace backupctl::soci {

struct RequestRow {
  std::string id, job_id, source, data_as_of, requester, transport, traceparent;
  TextColumn key;
  std::int64_t received = 0;

  std::string state, reason, last_error;
  IntegerColumn checked, responded, sent, result_due, result_received, result_recorded, cancel_asked, next_action;
  IntegerColumn job_version, days_to_keep;
  TextColumn zone, storage_path, backup_id, owner;
  std::int64_t check_attempts = 0, send_attempts = 0, fence = 0, revision = 0;

  template <class F>
  void order_columns(F&& f) {
    f("backup_request_id", id);
    f("backup_job_id", job_id);
    f("backup_source_path", source);
    f("data_as_of_date", data_as_of);
    f("requester_id", requester);
    f("transport", transport);
    f("idempotency_key", key);
    f("traceparent", traceparent);
    f("received_time", received);
  }
  template <class F>
  void progress_columns(F&& f) {
    f("state_code", state);
    f("state_reason", reason);
    f("checked_time", checked);
    f("responded_time", responded);
    f("sent_time", sent);
    f("result_due_time", result_due);
    f("result_received_time", result_received);
    f("result_recorded_time", result_recorded);
    f("job_version", job_version);
    f("zone", zone);
    f("storage_path", storage_path);
    f("days_to_keep", days_to_keep);
    f("backup_id", backup_id);
    f("check_attempts", check_attempts);
    f("send_attempts", send_attempts);
    f("last_error", last_error);
    f("cancel_asked_time", cancel_asked);
    f("owner_instance_id", owner);
    f("next_action_time", next_action);
    f("fence", fence);
    f("revision", revision);
  }
  template <class F>
  void columns(F&& f) {
    order_columns(f);
    progress_columns(f);
  }

  void set(const BackupOrder& order);
  void set(const RequestProgress& progress);
  // These throw CorruptRow.
  BackupOrder order() const;
  RequestProgress progress() const;
  BackupRequest request() const { return {order(), progress()}; }
};

}  // namespace backupctl::soci
