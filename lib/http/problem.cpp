#include "http/problem.hpp"

#include "wire/problem.hpp"

namespace backupctl::http {
namespace {

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 401:
      return "Not signed in";
    case 403:
      return "Not allowed";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 408:
      return "The request took too long";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition failed";
    case 413:
      return "Body too large";
    case 414:
      return "Request target too long";
    case 415:
      return "Media type not supported";
    case 417:
      return "Expectation failed";
    case 422:
      return "Invalid request";
    case 428:
      return "Precondition required";
    case 429:
      return "Too many requests";
    case 431:
      return "Headers too large";
    case 501:
      return "Not implemented";
    case 503:
      return "Not available now";
    case 505:
      return "HTTP version not supported";
    default:
      return status < 500 ? "Refused" : "Internal error";
  }
}

struct KindRow {
  ErrorKind kind;
  int status;
  std::string_view code;
};

constexpr KindRow kinds[] = {
    {ErrorKind::invalid, 422, "invalid-request"}, {ErrorKind::not_allowed, 403, "not-allowed"},
    {ErrorKind::forbidden, 403, "forbidden"},     {ErrorKind::not_found, 404, "not-found"},
    {ErrorKind::conflict, 409, "conflict"},       {ErrorKind::unavailable, 503, "unavailable"},
    {ErrorKind::overloaded, 503, "overloaded"},   {ErrorKind::unknown_outcome, 503, "outcome-unknown"},
    {ErrorKind::corrupt, 500, "internal-error"},  {ErrorKind::internal, 500, "internal-error"},
};

struct CodeRow {
  std::string_view code;
  int status;
};

// What these codes promise is more exact than the kind of the error that carries them.
constexpr CodeRow codes[] = {{"malformed-json", 400},
                             {"unauthenticated", 401},
                             {"body-too-large", 413},
                             {"unsupported-media-type", 415},
                             {"too-many-requests", 429}};

const KindRow& row_of(ErrorKind kind) {
  for (const KindRow& row : kinds) {
    if (row.kind == kind) return row;
  }
  return kinds[std::size(kinds) - 1];
}

}  // namespace

int status_of(const Error& error) {
  for (const CodeRow& row : codes) {
    if (row.code == error.code) return row.status;
  }
  return row_of(error.kind).status;
}

std::string code_of(const Error& error) {
  return error.code.empty() ? std::string(row_of(error.kind).code) : error.code;
}

Response problem_response(const Error& error, const ProblemExtras& extras) {
  const int status = status_of(error);
  // What went wrong inside may name files and tables; it belongs in the log.
  const bool inside = error.kind == ErrorKind::internal || error.kind == ErrorKind::corrupt;
  return problem_response(status, code_of(error),
                          inside ? "something went wrong inside; the log says what" : error.detail, error.faults,
                          extras);
}

Response problem_response(int status, std::string code, std::string detail, std::vector<Fault> faults,
                          const ProblemExtras& extras) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/problem+json");
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  if (extras.retry_after || status == 503 || status == 429)
    response.headers.add("Retry-After", std::to_string(extras.retry_after.value_or(std::chrono::seconds{1}).count()));
  response.code = code;
  response.body = wire::problem_json({.status = status,
                                      .code = std::move(code),
                                      .title = std::string(title_of(status)),
                                      .detail = std::move(detail),
                                      .backup_request_id = extras.backup_request_id,
                                      .errors = std::move(faults)});
  return response;
}

std::optional<Response> refuse_unless_json(const Request& request) {
  if (has_json_content_type(request)) return {};
  return problem_response(415, "unsupported-media-type", "the body must come with Content-Type: application/json");
}

}  // namespace backupctl::http
