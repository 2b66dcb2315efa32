// Backup requests in JSON: what a caller posts, and what we answer.
//
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "backupctl/backup_request.hpp"
#include "backupctl/result.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::wire {

// What a caller says; who calls and how is known otherwise.
struct BackupRequestBody {
  JobId job_id;
  SourcePath source;
  CivilDate data_as_of;
  friend bool operator==(const BackupRequestBody&, const BackupRequestBody&) = default;
};

// Errors, all invalid, by code: malformed-json, invalid-request, unsupported-api-version.
Result<BackupRequestBody> read_backup_request_body(std::string_view text);
void write_backup_request_body(JsonWriter& out, const BackupRequestBody& body);

// A request as it stands in a dropped file: the same members, and two for what HTTP says in headers.
struct DroppedRequest {
  BackupRequestBody body;
  std::optional<IdempotencyKey> key{};   // "idempotencyKey"
  std::optional<OwnerName> requester{};  // "requesterId": whether it is believed is the reader's to decide
  friend bool operator==(const DroppedRequest&, const DroppedRequest&) = default;
};
// Errors as above.
Result<DroppedRequest> read_dropped_request(std::string_view text);

void write_backup_request(JsonWriter& out, const BackupRequest& request, Timestamp now);  // `now` tells overdue
void write_history(JsonWriter& out, const std::vector<HistoryEntry>& history);            // {"items":[…]}

}  // namespace backupctl::wire
