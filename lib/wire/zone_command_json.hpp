// Commands to zones in JSON, and how they stand.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backupctl/result.hpp"
#include "backupctl/zone_client.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::wire {

// The fence and the trace context go in headers: they are not read and not written here.
// Errors, all invalid, by code: malformed-json, invalid-request, unsupported-api-version.
Result<CreateBackupCommand> read_create_backup(std::string_view text);
void write_create_backup(JsonWriter& out, const CreateBackupCommand& command);

struct CommandProgress {
  std::string phase;  // "waiting" "scanning" "copying" "verifying"
  std::int64_t entries = 0;
  std::int64_t bytes = 0;
  std::int64_t total_entries = 0;  // 0: not known yet
  std::int64_t total_bytes = 0;
};

// `state` is accepted, running or finished; `result_text` the result's JSON, empty when there is none yet.
void write_command_status(JsonWriter& out, CommandState state, const std::optional<CommandProgress>& progress,
                          std::string_view result_text);

// A zone's answer: members that we do not know are ignored. With `finished`, `body` is the result exactly as it stands
// in the text; when that cannot be read as a result, `result` is absent and `detail` says why. Errors, all invalid, by
// code: malformed-json, invalid-request.
Result<StatusReply> read_command_status(std::string_view text);

}  // namespace backupctl::wire
