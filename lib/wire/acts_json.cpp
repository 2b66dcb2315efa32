#include "wire/acts_json.hpp"

#include "wire/backup_json.hpp"
#include "wire/manifest_json.hpp"
#include "wire/read_document.hpp"

namespace backupctl::wire {
namespace {

constexpr std::string_view request_states = "Received, Allowed, NotAllowed, Sent, Succeeded, Failed, Cancelled";

std::string_view or_empty_object(std::string_view text) { return text.empty() ? "{}" : text; }

std::string reason_in(ObjectReader& in) { return in.optional("reason", parse_line).value_or(""); }

}  // namespace

Result<std::string> read_reason(std::string_view text) {
  return read_document(or_empty_object(text), UnknownMembers::refuse,
                       [](ObjectReader& in) { return std::optional(reason_in(in)); });
}

Result<BulkOrder> read_bulk_order(std::string_view text) {
  return read_document(text, UnknownMembers::refuse, [](ObjectReader& in) {
    BulkOrder order;
    auto& filter = order.filter;
    filter.state = in.optional("stateCode", one_of(parse_request_state, request_states));
    filter.zone = in.optional<ZoneName>("zone");
    filter.job_id = in.optional<JobId>("backupJobId");
    filter.received_from = in.optional<Timestamp>("receivedFrom");
    filter.received_to = in.optional<Timestamp>("receivedTo");
    order.reason = reason_in(in);
    const bool has_filter = in.has("stateCode") || in.has("zone") || in.has("backupJobId") || in.has("receivedFrom") ||
                            in.has("receivedTo");
    if (!has_filter) {
      in.fault("stateCode",
               "one of stateCode, zone, backupJobId, receivedFrom, receivedTo must narrow the requests down");
    }
    return std::optional(std::move(order));
  });
}

void write_bulk_report(JsonWriter& out, const BulkReport& report) {
  out.begin_object().member("matched", report.matched).member("changed", report.changed).end_object();
}

Result<ReconcileOrder> read_reconcile_order(std::string_view text) {
  return read_document(or_empty_object(text), UnknownMembers::refuse, [](ObjectReader& in) {
    ReconcileOrder order;
    order.import = in.optional<bool>("import").value_or(false);
    order.reason = reason_in(in);
    return std::optional(std::move(order));
  });
}

void write_reconcile_report(JsonWriter& out, const ZoneName& zone, const ReconcileReport& report) {
  out.begin_object()
      .member("zone", zone)
      .member("held", report.held)
      .member("stored", report.stored)
      .member("open", report.open)
      .member("orphans", report.orphans)
      .member("missing", report.missing)
      .member("imported", report.imported);
  out.key("orphanBackups").begin_array();
  for (const auto& manifest : report.orphan_list) write_manifest(out, manifest);
  out.end_array().key("missingBackups").begin_array();
  for (const auto& backup : report.missing_list) write_backup(out, backup);
  out.end_array().key("problems").begin_array();
  for (const auto& problem : report.problems) out.value(problem);
  out.end_array().end_object();
}

}  // namespace backupctl::wire
