// The audit in JSON, as it is listed and as the command line reads it back to verify it.
//
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/audit.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::wire {

void write_audit_record(JsonWriter& out, const AuditRecord& record);
void write_audit_head(JsonWriter& out, const AuditHead& head);

struct AuditPage {
  std::vector<AuditRecord> items{};
  std::optional<std::string> next_cursor{};
};
// Errors, all invalid, by code: malformed-json, invalid-request.
Result<AuditPage> read_audit_page(std::string_view text);
Result<std::vector<AuditHead>> read_audit_heads(std::string_view text);

}  // namespace backupctl::wire
