#include "cli/caller.hpp"

#include <ostream>

#include "cli/advice.hpp"
#include "cli/store_reader.hpp"
#include "cli/text.hpp"
#include "config/token_file.hpp"
#include "http/request_target.hpp"
#include "wire/json_writer.hpp"
#include "wire/problem.hpp"

namespace backupctl::cli {
std::string reason_body(const std::string& reason) {
  std::string text;
  if (reason.empty()) return text;
  wire::JsonWriter out(text);
  out.begin_object().member("reason", reason).end_object();
  return text;
}

http::ClientRequest get(std::string target) { return {.method = "GET", .target = std::move(target)}; }

http::ClientRequest send(std::string method, std::string target, std::string body) {
  return {.method = std::move(method),
          .target = std::move(target),
          .headers = {{"Content-Type", "application/json"}},
          .body = std::move(body)};
}

Result<http::ClientResponse> exchange(const Session& session, Service service, const http::ClientRequest& request,
                                      std::chrono::milliseconds timeout) {
  if (service == Service::controller && session.store != nullptr) return session.store->call(request);
  http::ClientOptions options;
  options.base_url = service == Service::controller ? session.controller_url : session.jobs_url;
  options.timeout = timeout;
  options.max_response_bytes = most_answer_bytes;
  if (!session.token_file.empty()) {
    auto token = config::read_token_file(session.token_file);
    if (!token) return std::move(token).error();
    options.bearer_token = *std::move(token);
  }
  return http::call(std::move(options), request);
}

Error error_of(const http::ClientResponse& answer) {
  const auto status = std::to_string(answer.status);
  const auto problem = wire::parse_problem(answer.body);
  if (!problem) {
    return {ErrorKind::unavailable,
            "status " + status + " and no problem document",
            answer.status >= 500,
            "bad-answer",
            {}};
  }
  Error error{ErrorKind::conflict, problem->title, answer.status >= 500 || answer.status == 429, problem->code,
              problem->errors};
  if (error.detail.empty()) error.detail = "Refused";
  if (!problem->detail.empty()) error.detail += ": " + problem->detail;
  error.detail += " (" + status + " " + problem->code + ")";
  if (const auto wait = answer.headers.find("Retry-After")) {
    error.detail += "; try again in " + std::string(*wait) + " s";
  }
  return error;
}

Result<Document> ask(const Session& session, Service service, const http::ClientRequest& request,
                     std::chrono::milliseconds timeout) {
  auto answer = exchange(session, service, request, timeout);
  if (!answer) return std::move(answer).error();
  if (answer->status >= 300) return error_of(*answer);
  return parse_document(std::move(answer->body));
}

int fail(const Session& session, Service service, const Error& error, const std::string& next) {
  session.err << "backupctl: " << printable(error.detail) << '\n';
  for (const auto& fault : error.faults) {
    session.err << "  " << printable(fault.pointer) << "  " << printable(fault.detail) << '\n';
  }
  const auto advice = next.empty() ? advice_on(session, service, error) : next;
  if (!advice.empty()) session.err << "Next: " << advice << '\n';
  // What our own client refuses to send is a bad address or token file.
  return error.kind == ErrorKind::invalid ? exit_bad_usage : exit_failed;
}

std::string query_text(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    if (!value.empty()) text += (text.empty() ? "?" : "&") + name + "=" + http::percent_encode(value);
  }
  return text;
}

}  // namespace backupctl::cli
