#include "http/peer_answer.hpp"

#include <algorithm>

#include "backupctl/names.hpp"
#include "http/traceparent.hpp"

namespace backupctl::http {
namespace {

constexpr std::size_t max_header_bytes = 60;

std::string_view media_type(const ClientResponse& answer) {
  std::string_view type = answer.headers.find("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return type;
}

}  // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string shown(text.substr(0, max_bytes));
  if (text.size() > max_bytes) {
    while (!shown.empty() && (static_cast<unsigned char>(text[shown.size()]) & 0xc0U) == 0x80U) shown.pop_back();
    shown += "…";
  }
  const bool is_utf8 = is_valid_utf8(shown);
  std::ranges::replace_if(
      shown, [&](unsigned char c) { return c < 0x20 || c == 0x7f || (c > 0x7f && !is_utf8); }, '?');
  return shown;
}

bool is_json(const ClientResponse& answer) { return equal_ignoring_case(media_type(answer), "application/json"); }

std::optional<wire::Problem> problem_of(const ClientResponse& answer) {
  if (!equal_ignoring_case(media_type(answer), "application/problem+json")) return {};
  auto problem = wire::parse_problem(answer.body);
  if (!problem || problem->status != answer.status) return {};
  return *std::move(problem);
}

bool is_unauthorized(const ClientResponse& answer) { return answer.status == 401 || answer.status == 403; }

std::string describe(const ClientResponse& answer) {
  std::string text = "status " + std::to_string(answer.status) + ", ";
  if (const auto problem = problem_of(answer)) {
    text += printable(problem->code, max_header_bytes);
    const std::string& what = problem->detail.empty() ? problem->title : problem->detail;
    if (!what.empty()) text += ": " + printable(what);
  } else {
    const auto type = media_type(answer);
    text += type.empty() ? "no content type" : printable(type, max_header_bytes);
    text += ", not an answer of ours";
  }
  for (const char* name : {"Location", "Retry-After"}) {
    const auto value = answer.headers.find(name);
    if (value) text += " (" + std::string(name) + ": " + printable(*value, max_header_bytes) + ")";
  }
  return text;
}

Headers call_headers(const RequestId& request_id, const std::string& traceparent) {
  Headers headers{{"Accept", "application/json, application/problem+json"},
                  {"Backup-Request-Id", request_id.to_string()}};
  // It came from a caller of ours and may be anything; without a valid one the peer starts a trace of its own.
  if (parse_traceparent(traceparent)) headers.add("traceparent", traceparent);
  return headers;
}

}  // namespace backupctl::http
