// Errors as RFC 9457 problem documents (application/problem+json).
//
// Thread rule: pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "backupctl/result.hpp"
#include "http/message.hpp"

namespace backupctl::http {

struct ProblemExtras {
  std::optional<std::string> backup_request_id{};
  std::optional<std::chrono::seconds> retry_after{};  // default for 503 and 429: one second
};

// By kind: invalid 422, not_allowed and forbidden 403, not_found 404, conflict 409, unavailable and overloaded 503,
// unknown_outcome 503, corrupt and internal 500; but by code `malformed-json` 400, `unauthenticated` 401 (with
// WWW-Authenticate), `too-many-requests` 429. An internal or corrupt error's detail is not shown to callers.
int status_of(const Error& error);
std::string code_of(
    const Error& error);  // error.code, or the kind's own: "invalid-request", "not-found", "forbidden", …
Response problem_response(const Error& error, const ProblemExtras& extras = {});

// For what has no kind: 400, 405, 410, 412, 413, 415, 428, …
Response problem_response(int status, std::string code, std::string detail, std::vector<Fault> faults = {},
                          const ProblemExtras& extras = {});

// 415 unless the request says application/json.
std::optional<Response> refuse_unless_json(const Request& request);

}  // namespace backupctl::http
