// Error answers as RFC 9457 problem documents (application/problem+json).
//
// Thread rule: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/result.hpp"

namespace backupctl::wire {

// `type` is not a member: it is always "urn:backupctl:problem:" followed by the code.
struct Problem {
  int status = 500;    // 400 to 599
  std::string code{};  // stable, kebab-case
  std::string title{};
  std::string detail{};
  std::optional<std::string> backup_request_id{};
  std::vector<Fault> errors{};  // every bad member; left out when there is none
  friend bool operator==(const Problem&, const Problem&) = default;
};

std::string problem_json(const Problem& problem);

// Reads a peer's problem. Members that we do not know are ignored; without our `code` and `status` it is no problem of
// ours (a proxy's error page, say). Error: invalid, "malformed-json" or "invalid-request".
Result<Problem> parse_problem(std::string_view text);

}  // namespace backupctl::wire
