// What people ask of the controller beside backups, in JSON: help for many requests, for parked results, for a zone.
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "backupctl/controller.hpp"
#include "backupctl/result.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::wire {

// {"reason"?}. An empty text counts as {}. Errors: malformed-json, invalid-request.
Result<std::string> read_reason(std::string_view text);

// {"stateCode"?,"zone"?,"backupJobId"?,"receivedFrom"?,"receivedTo"?,"reason"?}; at least one of the first five.
struct BulkOrder {
  RequestQuery filter;
  std::string reason;
};
Result<BulkOrder> read_bulk_order(std::string_view text);
void write_bulk_report(JsonWriter& out, const BulkReport& report);

// {"import"?,"reason"?}. An empty text counts as {}.
struct ReconcileOrder {
  bool import = false;
  std::string reason;
};
Result<ReconcileOrder> read_reconcile_order(std::string_view text);
void write_reconcile_report(JsonWriter& out, const ZoneName& zone, const ReconcileReport& report);

}  // namespace backupctl::wire
