// Calls to the two services, and what is said when they fail.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/document.hpp"
#include "cli/session.hpp"
#include "http/client.hpp"

namespace backupctl::cli {

enum class Service { controller, jobs };

// Long enough for a controller that asks the job service before it answers.
inline constexpr std::chrono::milliseconds call_timeout{30'000};

http::ClientRequest get(std::string target);
http::ClientRequest send(std::string method, std::string target, std::string body);  // a body of JSON

// {"reason": …}, or nothing for an empty one.
std::string reason_body(const std::string& reason);

// Blocks until the answer, whatever its status, is there. With session.store, that answers for the controller. Errors:
// those of http::call, of the token file, and of StoreReader::call.
Result<http::ClientResponse> exchange(const Session& session, Service service, const http::ClientRequest& request,
                                      std::chrono::milliseconds timeout = call_timeout);
// The same, where only a status below 300 with a document will do. Errors also: what the service's problem says, with
// its code; `bad-answer` when it is not an answer of ours.
Result<Document> ask(const Session& session, Service service, const http::ClientRequest& request,
                     std::chrono::milliseconds timeout = call_timeout);

// What an answer of 300 and above says.
Error error_of(const http::ClientResponse& answer);

// Says on session.err what went wrong and what to do next (`next`, or what the error's code suggests). Returns the exit
// code.
int fail(const Session& session, Service service, const Error& error, const std::string& next = {});

// A query string: "?a=1&b=x%20y", without the parameters that have no value.
std::string query_text(const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace backupctl::cli
