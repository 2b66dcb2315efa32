// What a peer's answer is, and how to tell a person what came when it is not what we hoped for.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "backupctl/job_client.hpp"
#include "http/client.hpp"
#include "wire/problem.hpp"

namespace backupctl::http {

bool is_json(const ClientResponse& answer);  // its Content-Type is application/json

// A problem document that says the same status as the answer that carries it. A proxy's page is none.
std::optional<wire::Problem> problem_of(const ClientResponse& answer);

bool is_unauthorized(const ClientResponse& answer);  // 401, 403

// At most some 300 bytes and nothing but printable characters: for logs, rows and screens, a peer does not decide how
// long our lines are or what a terminal does.
std::string printable(std::string_view text, std::size_t max_bytes = 300);

// "status 503, overloaded: the queue is full (Retry-After: 5)" or "status 404, text/html, not an answer of ours".
std::string describe(const ClientResponse& answer);

// The headers that go with every call to a peer.
Headers call_headers(const RequestId& request_id, const std::string& traceparent);

}  // namespace backupctl::http
