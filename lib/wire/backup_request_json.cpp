#include "wire/backup_request_json.hpp"

#include "wire/read_document.hpp"

namespace backupctl::wire {
namespace {

// "00-<32 hex digits>-<16 hex digits>-<flags>": the host has checked it before it was stored.
std::string_view trace_id_of(std::string_view traceparent) {
  return traceparent.size() < 35 ? std::string_view{} : traceparent.substr(3, 32);
}

std::optional<BackupRequestBody> read_body(ObjectReader& in) {
  check_api_version(in);
  const auto job_id = in.required<JobId>("backupJobId");
  auto source = in.required<SourcePath>("backupSourcePath");
  const auto data_as_of = in.required<CivilDate>("dataAsOfDate");
  if (!job_id || !source || !data_as_of) return {};
  return BackupRequestBody{*job_id, *std::move(source), *data_as_of};
}

}  // namespace

Result<BackupRequestBody> read_backup_request_body(std::string_view text) {
  return read_document(text, UnknownMembers::refuse, read_body);
}

Result<DroppedRequest> read_dropped_request(std::string_view text) {
  return read_document(text, UnknownMembers::refuse, [](ObjectReader& in) -> std::optional<DroppedRequest> {
    auto body = read_body(in);
    auto key = in.optional<IdempotencyKey>("idempotencyKey");
    auto requester = in.optional<OwnerName>("requesterId");
    if (!body) return {};
    return DroppedRequest{*std::move(body), std::move(key), std::move(requester)};
  });
}

void write_backup_request_body(JsonWriter& out, const BackupRequestBody& body) {
  out.begin_object()
      .member("apiVersion", api_version)
      .member("backupJobId", body.job_id)
      .member("backupSourcePath", body.source)
      .member("dataAsOfDate", body.data_as_of)
      .end_object();
}

void write_backup_request(JsonWriter& out, const BackupRequest& request, Timestamp now) {
  const auto& [order, progress] = request;
  out.begin_object()
      .member("backupRequestId", order.id)
      .member("apiVersion", api_version)
      .member("backupJobId", order.job_id)
      .member("backupSourcePath", order.source)
      .member("dataAsOfDate", order.data_as_of)
      .member("requesterId", order.requester)
      .member("transport", to_string(order.transport))
      .member("stateCode", to_string(progress.state))
      .member_if_filled("stateReason", progress.reason)
      .member("receivedTime", order.received)
      .member("checkedTime", progress.checked)
      .member("respondedTime", progress.responded)
      .member("sentTime", progress.sent);
  if (progress.sent && progress.terms) out.member("sentToZone", progress.terms->zone);
  out.member("resultDueTime", progress.result_due)
      .member("overdue", is_overdue(request, now))
      .member("resultReceivedTime", progress.result_received)
      .member("resultRecordedTime", progress.result_recorded)
      .member("backupId", progress.backup_id)
      .key("attempts")
      .begin_object()
      .member("check", progress.check_attempts)
      .member("send", progress.send_attempts)
      .end_object()
      .member("nextAttemptTime", progress.next_action)
      .member_if_filled("lastError", progress.last_error)
      .member_if_filled("traceId", trace_id_of(order.traceparent))
      .end_object();
}

void write_history(JsonWriter& out, const std::vector<HistoryEntry>& history) {
  out.begin_object().key("items").begin_array();
  for (const auto& entry : history) {
    out.begin_object()
        .member("stateCode", to_string(entry.state))
        .member("time", entry.time)
        .member("detail", entry.detail)
        .end_object();
  }
  out.end_array().end_object();
}

}  // namespace backupctl::wire
