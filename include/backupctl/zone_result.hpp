// What a zone reports for one command, and how it waits in the store until it is recorded.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"
#include "backupctl/time.hpp"

namespace backupctl {

enum class ResultCode { succeeded, failed, cancelled };
std::string_view to_string(ResultCode code);
std::optional<ResultCode> parse_result_code(std::string_view text);

struct ItemError {
  std::string path;
  std::string detail;
  friend bool operator==(const ItemError&, const ItemError&) = default;
};

struct ZoneResult {
  RequestId command_id;
  ResultCode code = ResultCode::failed;
  std::string reason_code{};  // stable kebab-case, when not Succeeded
  ZoneName zone;
  std::string storage_path{};  // with Succeeded: where the zone keeps it
  std::int64_t byte_count = 0;
  std::optional<Timestamp> copy_start{};
  std::optional<Timestamp> copy_end{};
  std::optional<Timestamp> verify_start{};
  std::optional<Timestamp> verify_end{};
  std::string verify_hash{};
  std::string message{};
  std::vector<ItemError> item_errors{};  // not kept by the store beyond the body

  friend bool operator==(const ZoneResult&, const ZoneResult&) = default;
};

// A result as it arrived. Two records are the same when command and body are: contradictions survive side by side.
struct ResultRecord {
  RequestId command_id;  // as addressed by the zone, which a wrong body may contradict
  ZoneName zone;         // who left it, by its credentials when there are any
  std::string body;      // as received, or describe(result) when it never was text
  Timestamp received{};
  std::optional<ZoneResult> result{};  // absent: the body could not be read, `problem` says why
  std::string problem{};

  friend bool operator==(const ResultRecord&, const ResultRecord&) = default;
};

// A stable text of a result that was handed over as a value: one "name=value" a line.
std::string describe(const ZoneResult& result);

// A result that fits nothing, contradicts or cannot be read: kept for a person to see, never thrown away.
// Reasons: unreadable, command-mismatch, unknown-command, wrong-zone, not-sent, conflicting-result.
struct ParkedResult {
  ParkedResultId id;
  RequestId command_id;
  ZoneName zone;
  std::string reason_code;
  Timestamp received{};
  std::string body;

  friend bool operator==(const ParkedResult&, const ParkedResult&) = default;
};

}  // namespace backupctl
